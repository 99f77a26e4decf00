"""whoami, helloworld and busybox's httpd."""

from tests.daemon.programs.network import Lan


async def test_whoami_tells_who_asked_whom(lan: Lan) -> None:
    web = lan.container("web", bin_whoami="whoami/whoami")
    client = lan.container("client", bin_curl="gnu/curl")
    await (await web.start("whoami", "--name", "me")).said("Starting up on port 80")
    _, out, _ = await client.run("curl", "-s", "-H", "X-Mine: yes", "http://web/path")
    lines = out.splitlines()
    assert lines[:4] == ["Name: me", "Hostname: web", "IP: 127.0.0.1", "IP: ::1"]
    assert lines[5].startswith(f"RemoteAddr: {client.address}:")
    assert lines[6:8] == ["GET /path HTTP/1.1", "Host: web"]
    assert "X-Mine: yes" in lines


async def test_helloworld_listens_on_both_ports(lan: Lan) -> None:
    web = lan.container("web", bin_helloworld="helloworld/helloworld")
    web.write("/static/index.html", "<h1>Hello world</h1>\n")
    client = lan.container("client", bin_curl="gnu/curl")
    await (await web.start("helloworld")).said("Ready, listening on 8080 and 8081")
    assert (await client.run("curl", "-s", "http://web:8080/"))[1] == "<h1>Hello world</h1>\n"
    assert (await client.run("curl", "-s", "http://web:8081/ping"))[1] == "PONG"
    assert (await client.run("curl", "-s", "http://web:8080/nosuch"))[1] == "404 page not found\n"


async def test_busybox_serves_a_folder(lan: Lan) -> None:
    web = lan.container("web", bin_httpd="busybox/httpd")
    web.write("/www/index.html", "page\n")
    client = lan.container("client", bin_wget="busybox/wget")
    code, _, _ = await web.run("httpd", "-p", "8080", "-h", "/www")
    assert code == 0
    assert (await client.run("wget", "-qO-", "http://web:8080/"))[1] == "page\n"
    code, _, err = await client.run("wget", "-qO-", "http://web:8080/nosuch")
    assert (code, err) == (1, "wget: server returned error: HTTP/1.1 404 Not Found\n")
