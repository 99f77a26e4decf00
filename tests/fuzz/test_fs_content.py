"""Random writes: contents equal a plain bytearray, and allocation counts the pages written."""

from hypothesis import given
from hypothesis import strategies as st

from daemon.fs.content import PAGE, RAM_LIMIT, Buffer, Pages, Spool

offsets = st.integers(0, 3 * RAM_LIMIT) | st.sampled_from(
    [PAGE - 1, PAGE, RAM_LIMIT, RAM_LIMIT + 1]
)
writes = st.tuples(st.just("write"), offsets, st.integers(0, 3 * PAGE))
cuts = st.tuples(st.just("truncate"), offsets, st.just(0))
runs = st.tuples(st.integers(0, 30), st.integers(0, 30)).map(sorted)


@given(st.lists(writes | cuts, max_size=15))
def test_a_buffer_is_a_sparse_bytearray(script: list[tuple[str, int, int]]) -> None:
    spool = Spool()
    buffer, model, pages = Buffer(spool), bytearray(), set[int]()
    for step, (what, offset, size) in enumerate(script):
        before = buffer.allocated
        if what == "write":
            data = bytes([step + 1]) * size
            growth = buffer.growth(size, offset)
            buffer.pwrite(data, offset)
            assert buffer.allocated - before == (growth if size else 0)
            if size:
                model.extend(bytes(max(0, offset - len(model))))
                model[offset : offset + size] = data
                pages |= set(range(offset // PAGE, (offset + size - 1) // PAGE + 1))
        else:
            buffer.truncate(offset)
            del model[offset:]
            model.extend(bytes(max(0, offset - len(model))))
            pages = {page for page in pages if page < -(-offset // PAGE)}
        assert buffer.size == len(model)
        assert buffer.pread(len(model) + 1, 0) == model
        assert buffer.allocated == len(pages) * PAGE
    spool.close()


@given(st.lists(st.tuples(st.booleans(), runs)))
def test_pages_are_a_set_of_numbers(script: list[tuple[bool, list[int]]]) -> None:
    pages, model = Pages(), set[int]()
    for adding, (start, end) in script:
        wanted = set(range(start, end))
        if adding and wanted:
            assert pages.growth(start, end) == len(wanted - model)
            pages.add(start, end)
            model |= wanted
        elif not adding:
            pages.cut(end)
            model = {page for page in model if page < end}
        assert pages.count == len(model)
        assert pages.runs == sorted(pages.runs)
