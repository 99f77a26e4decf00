"""httpd as people meet it: its log, its pages, its signals."""

import pytest

from tests.daemon.programs.network import Container, Lan, Running

CONF = """
ServerRoot "/usr/local/apache2"
Listen 80
DocumentRoot "/usr/local/apache2/htdocs"
<Directory "/usr/local/apache2/htdocs">
    Options Indexes FollowSymLinks
    Require all granted
</Directory>
ErrorLog /proc/self/fd/2
LoadModule log_config_module modules/mod_log_config.so
<IfModule log_config_module>
    LogFormat "%h %l %u %t \\"%r\\" %>s %b" common
    CustomLog /proc/self/fd/1 common
</IfModule>
"""
ROOT = "/usr/local/apache2"


@pytest.fixture
async def web(lan: Lan) -> Container:
    web = lan.container("web", bin_httpd="apache/httpd", bin_apachectl="apache/apachectl")
    web.write(f"{ROOT}/conf/httpd.conf", CONF)
    web.write(f"{ROOT}/htdocs/index.html", "<html><body><h1>It works!</h1></body></html>\n")
    web.fs.makedirs(f"{ROOT}/logs")
    return web


@pytest.fixture
async def client(lan: Lan) -> Container:
    return lan.container("client", bin_curl="gnu/curl")


async def started(web: Container) -> Running:
    running = await web.start("httpd", "-DFOREGROUND")
    return await running.said("AH00094")


async def test_it_says_what_the_image_says_at_its_start(web: Container) -> None:
    running = await started(web)
    lines = running.err.splitlines()
    assert [line.split(":")[0] for line in lines[:2]] == ["AH00558", "AH00558"]
    assert f"using {web.address}." in lines[0]
    assert lines[2].endswith(
        "AH00489: Apache/2.4.65 (Unix) configured -- resuming normal operations"
    )
    assert lines[3].endswith("AH00094: Command line: 'httpd -D FOREGROUND'")
    assert running.out == ""


async def test_it_serves_the_page_and_logs_the_request(web: Container, client: Container) -> None:
    running = await started(web)
    code, out, _ = await client.run("curl", "-s", "http://web/")
    assert (code, out) == (0, "<html><body><h1>It works!</h1></body></html>\n")
    await running.said('"GET / HTTP/1.1" 200 45')
    assert running.out.startswith(f"{client.address} - - [")


async def test_an_edit_shows_at_the_next_request(web: Container, client: Container) -> None:
    await started(web)
    web.write(f"{ROOT}/htdocs/index.html", "changed\n")
    assert (await client.run("curl", "-s", "http://web/"))[1] == "changed\n"


@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        ("/nosuch", 404, "The requested URL was not found on this server."),
        ("/.htaccess", 403, "You don't have permission"),
        ("/index.html/", 404, "Not Found"),
        ("/sub", 301, "http://web/sub/"),
        ("/sub/", 200, '<a href="a.txt"> a.txt</a>'),
        ("/..%2f..%2fconf/httpd.conf", 400, "Bad Request"),
    ],
)
async def test_pages_of_its_own(
    web: Container, client: Container, path: str, status: int, text: str
) -> None:
    web.write(f"{ROOT}/htdocs/sub/a.txt", "a")
    await started(web)
    _, out, _ = await client.run(
        "curl", "-s", "--path-as-is", "-w", "%{http_code}", f"http://web{path}"
    )
    assert out.endswith(str(status))
    assert text in out


async def test_headers_ranges_and_conditions(web: Container, client: Container) -> None:
    await started(web)
    _, head, _ = await client.run("curl", "-sI", "http://web/")
    headers = dict(line.split(": ", 1) for line in head.splitlines()[1:] if line)
    assert headers["Server"] == "Apache/2.4.65 (Unix)"
    assert (headers["Content-Length"], headers["Content-Type"]) == ("45", "text/html")
    _, part, _ = await client.run("curl", "-s", "-r", "0-5", "-w", "%{http_code}", "http://web/")
    assert part == "<html>206"
    _, code, _ = await client.run(
        "curl", "-s", "-H", f"If-None-Match: {headers['ETag']}", "-w", "%{http_code}", "http://web/"
    )
    assert code == "304"


@pytest.mark.parametrize(
    ("signum", "text"),
    [(15, "AH00491: caught SIGTERM, shutting down"), (28, "AH00492: caught SIGWINCH")],
)
async def test_it_ends_by_its_signals(web: Container, signum: int, text: str) -> None:
    running = await started(web)
    web.machine.signal(running.process.pid, signum)
    assert await running.ended() == 0
    assert text in running.err


async def test_a_reload_reads_the_configuration_again(web: Container, client: Container) -> None:
    running = await started(web)
    web.write("/srv/other/index.html", "other\n")
    web.write(f"{ROOT}/conf/httpd.conf", CONF.replace(f"{ROOT}/htdocs", "/srv/other"))
    web.machine.signal(running.process.pid, 10)
    await running.said("AH00493: SIGUSR1 received")
    await client.run("curl", "-s", "--retry", "3", "--retry-connrefused", "http://web/")
    assert (await client.run("curl", "-s", "http://web/"))[1] == "other\n"


async def test_ps_shows_a_parent_and_three_children(web: Container) -> None:
    running = await started(web)
    family = [p.name for p in web.machine.processes.values() if p.ppid == running.process.pid]
    assert family == ["httpd"] * 3


async def test_a_taken_port_is_refused(web: Container) -> None:
    await started(web)
    web.fs.unlink(f"{ROOT}/logs/httpd.pid")
    code, _, err = await web.run("httpd", "-DFOREGROUND")
    assert code == 1
    assert "AH00072: make_sock: could not bind to address" in err


async def test_a_bad_line_is_named(web: Container) -> None:
    web.write(f"{ROOT}/conf/httpd.conf", "Listen 80\n<Directory /x>\n")
    code, _, err = await web.run("httpd", "-t")
    assert code == 1
    assert "<Directory> was not closed" in err


async def test_version_and_syntax_check(web: Container) -> None:
    assert "Server version: Apache/2.4.65 (Unix)" in (await web.run("httpd", "-v"))[1]
    code, _, err = await web.run("apachectl", "configtest")
    assert (code, err.splitlines()[-1]) == (0, "Syntax OK")
