"""python's everyday uses, and that its code gets out of hand no further than the container."""

import pytest

from tests.daemon.programs.network import Container, Lan


@pytest.fixture
async def box(lan: Lan) -> Container:
    return lan.container("box", bin_python3="python/python")


@pytest.mark.parametrize(
    ("code", "out"),
    [
        ("print('hello')", "hello\n"),
        ("print(1 + 2 * 3, 7 // 2, 2 ** 10, 'a' * 3, sep=',')", "7,3,1024,aaa\n"),
        ("for i in range(3):\n    print(i, end=' ')\nelse:\n    print('end')", "0 1 2 end\n"),
        (
            "x = [n * n for n in range(5) if n % 2]; print(x, sum(x), x[-1], x[:1])",
            "[1, 9] 10 9 [1]\n",
        ),
        (
            "d = {'a': 1}; d['b'] = 2\nfor k, v in d.items(): print(f'{k}={v:03d}')",
            "a=001\nb=002\n",
        ),
        ("def f(a, b=2, *c):\n    return a + b + len(c)\nprint(f(1), f(1, 1, 1))", "3 3\n"),
        ("f = lambda n: n if n < 2 else f(n - 1) + f(n - 2)\nprint(f(10))", "55\n"),
        (
            "try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    print('caught', e)\nfinally:\n    print('done')",
            "caught division by zero\ndone\n",
        ),
        ("import os, sys; print(os.environ['A'], os.getpid(), sys.argv)", "b 7 ['-c', 'word']\n"),
        (
            "import json; print(json.dumps({'a': [1, None, True]}), json.loads('[1]'))",
            '{"a": [1, null, true]} [1]\n',
        ),
        ("import socket; print(socket.gethostname())", "box\n"),
        (
            "with open('/f', 'w') as f: f.write('kept')\nwith open('/f') as f: print(f.read())",
            "kept\n",
        ),
        (
            "import socket\nwith socket.socket() as s:\n    s.bind(('', 70)); s.listen()\n"
            "    c = socket.socket(); c.connect(('127.0.0.1', 70)); c.sendall(b'hi')\n"
            "    peer, _ = s.accept(); print(peer.recv(9))",
            "b'hi'\n",
        ),
        (
            "import socket\ns = socket.socket(socket.AF_UNIX); s.bind('/s'); s.listen()\n"
            "c = socket.socket(socket.AF_UNIX); c.connect('/s'); c.sendall(b'hi')\n"
            "c.shutdown(socket.SHUT_WR); peer, who = s.accept(); print(peer.recv(9), [who], peer.recv(9))",
            "b'hi' [''] b''\n",
        ),
        (
            "import socket\nfor path in ['/nope', '/etc/hosts']:\n"
            "    try: socket.socket(socket.AF_UNIX).connect(path)\n"
            "    except FileNotFoundError as e: print('none', e)\n"
            "    except ConnectionRefusedError as e: print('nobody', e)",
            "none [Errno 2] No such file or directory\nnobody [Errno 111] Connection refused\n",
        ),
        ("a, (b, c) = 1, (2, 3); print(a, b, c)", "1 2 3\n"),
        (
            "print('x' if not [] else 'y', 'ab'.upper().center(6, '.'), 1 < 2 <= 2)",
            "x ..AB.. True\n",
        ),
        (
            "n = 0\nwhile True:\n    n += 1\n    if n == 3: continue\n    if n > 4: break\nprint(n)",
            "5\n",
        ),
        (
            "with_ = 1; assert with_, 'no'; print('%s-%d' % ('a', 2), \"it's\".replace(\"'\", ''))",
            "a-2 its\n",
        ),
    ],
)
async def test_programs(box: Container, code: str, out: str) -> None:
    assert await box.run("python3", "-c", code, "word", A="b") == (0, out, "")


@pytest.mark.parametrize(
    ("code", "exit_code", "err"),
    [
        ("import sys; sys.exit(3)", 3, ""),
        ("exit('bye')", 1, "bye\n"),
        ("raise ValueError('no')", 1, "ValueError: no\n"),
        ("1/0", 1, "ZeroDivisionError: division by zero\n"),
        ("print(x)", 1, "NameError: name 'x' is not defined\n"),
        ("import nosuch", 1, "ModuleNotFoundError: No module named 'nosuch'\n"),
        (
            "open('/nosuch')",
            1,
            "FileNotFoundError: [Errno 2] No such file or directory: '/nosuch'\n",
        ),
        ("if x", 1, "SyntaxError: expected ':'\n"),
        (
            "class A: pass",
            1,
            "NotImplementedError: mockerd simulates only simple Python: ClassDef\n",
        ),
    ],
)
async def test_programs_that_fail(box: Container, code: str, exit_code: int, err: str) -> None:
    got, _, said = await box.run("python3", "-c", code)
    assert got == exit_code
    assert said.endswith(err)


@pytest.mark.parametrize(
    "code",
    [
        "'x' * 10**12",
        "10 ** 10 ** 10",
        "list(range(10**12))",
        "sum(range(10**12))",
        "'%1000000000d' % 1",
        "f'{1:1000000000}'",
        "'a'.ljust(10**9)",
        "x = 'a' * 1000000\nx.replace('a', x)",
        "x = [1]\nwhile True: x.extend(x)",
        "x = [1]\nfor _ in range(40): x = [x, x]",
        "x = []\nx.append(x)",
        "1 << 10**12",
    ],
)
async def test_code_cannot_ask_for_more_than_there_is(box: Container, code: str) -> None:
    got, _, err = await box.run("python3", "-c", code)
    assert got == 1
    assert err.endswith("MemoryError\n")


@pytest.mark.parametrize(
    "code",
    [
        "().__class__",
        "print.__self__",
        "int.from_bytes",
        "(lambda: 0).__globals__",
        "import os; os.system",
        "import os; os.path.__dict__",
        "str.format",
        "[].__getattribute__",
    ],
)
async def test_nothing_leads_out_of_it(box: Container, code: str) -> None:
    got, _, err = await box.run("python3", "-c", code)
    assert got == 1
    assert "AttributeError" in err


@pytest.mark.parametrize(
    "code", ["eval('1')", "exec('1')", "__import__('os')", "getattr('', 'x')", "globals()"]
)
async def test_no_builtin_that_would(box: Container, code: str) -> None:
    _, _, err = await box.run("python3", "-c", code)
    assert "NameError" in err


async def test_a_runaway_list_is_an_oom_kill(box: Container) -> None:
    code = "x = []\nwhile True: x.append('y' * 100000)"
    assert (await box.run("python3", "-c", code))[0] == 137


async def test_an_endless_loop_leaves_others_their_turn(box: Container) -> None:
    running = await box.start("python3", "-c", "while True: pass")
    assert (await box.run("python3", "-c", "print('still here')"))[1] == "still here\n"
    box.machine.signal(running.process.pid, 9)
    assert await running.ended() == 137


async def test_output_waits_in_a_buffer_unless_told_otherwise(box: Container) -> None:
    code = "import time\nprint('early')\ntime.sleep(100000)"
    buffered = await box.start("python3", "-c", code)
    eager = await box.start("python3", "-uc", code)
    await eager.said("early")
    assert buffered.out == ""
    for running in (buffered, eager):
        box.machine.signal(running.process.pid, 15)
        assert await running.ended() == 143


async def test_input_and_scripts(box: Container) -> None:
    code = "name = input('who? ')\nprint('hello', name)\n"
    assert await box.run("python3", "-c", code, stdin=b"you\n") == (0, "who? hello you\n", "")
    box.write(
        "/app.py", "import sys\nfor line in sys.stdin.readlines(): print(line.strip()[::-1])\n"
    )
    assert (await box.run("python3", "/app.py", stdin=b"abc\ndef\n"))[1] == "cba\nfed\n"
    assert (await box.run("python3", stdin=b"print('piped')\n"))[1] == "piped\n"
    code, _, err = await box.run("python3", "nosuch.py")
    assert (code, err) == (
        2,
        "python3: can't open file '/nosuch.py': [Errno 2] No such file or directory\n",
    )


async def test_version_and_unknown_options(box: Container) -> None:
    assert await box.run("python3", "--version", PYTHON_VERSION="3.13.9") == (
        0,
        "Python 3.13.9\n",
        "",
    )
    assert (await box.run("python3", "-Z"))[0] == 2
    assert (await box.run("python3", "-m", "pip"))[0] == 1


async def test_http_server_serves_a_folder(lan: Lan, box: Container) -> None:
    box.write("/www/a.txt", "text\n")
    client = lan.container("client", bin_curl="gnu/curl")
    running = await box.start("python3", "-u", "-m", "http.server", "8000", "-d", "/www")
    await running.said("Serving HTTP on 0.0.0.0 port 8000")
    assert (await client.run("curl", "-s", "http://box:8000/a.txt"))[1] == "text\n"
    assert '<a href="a.txt">a.txt</a>' in (await client.run("curl", "-s", "http://box:8000/"))[1]
    await running.said('"GET /a.txt HTTP/1.1" 200 -')
