"""nginx as people meet it: its log, its configuration, its signals, its proxying."""

import pytest

from tests.daemon.programs.network import Container, Lan, Running

CONF = """
user  nginx;
worker_processes  2;
error_log  /var/log/nginx/error.log notice;
pid        /run/nginx.pid;
events { worker_connections  1024; }
http {
    types { text/html html htm; text/css css; }
    default_type  application/octet-stream;
    log_format  main  '$remote_addr - $remote_user [$time_local] "$request" '
                      '$status $body_bytes_sent "$http_referer" "$http_user_agent"';
    access_log  /var/log/nginx/access.log  main;
    include /etc/nginx/conf.d/*.conf;
}
"""
DEFAULT = """
server {
    listen       80;
    server_name  localhost;
    location / { root /usr/share/nginx/html; index index.html; }
    error_page   500 502 503 504  /50x.html;
    location = /50x.html { root /usr/share/nginx/html; }
}
"""


@pytest.fixture
async def web(lan: Lan) -> Container:
    web = lan.container("web", bin_nginx="nginx/nginx")
    web.write("/etc/nginx/nginx.conf", CONF)
    web.write("/etc/nginx/conf.d/default.conf", DEFAULT)
    web.write("/usr/share/nginx/html/index.html", "<h1>Welcome to nginx!</h1>\n")
    web.write("/usr/share/nginx/html/50x.html", "sorry\n")
    web.write("/etc/passwd", "root:x:0:0::/:/bin/sh\nnginx:x:101:101::/:/bin/false\n")
    web.fs.makedirs("/var/log/nginx")
    web.fs.symlink("/dev/stdout", "/var/log/nginx/access.log")
    web.fs.symlink("/dev/stderr", "/var/log/nginx/error.log")
    return web


@pytest.fixture
async def client(lan: Lan) -> Container:
    return lan.container("client", bin_curl="gnu/curl")


async def started(web: Container) -> Running:
    running = await web.start("nginx", "-g", "daemon off;")
    count = 2
    await running.said("start worker process ")
    while running.err.count("start worker process ") < count:
        running.changed.clear()
        await running.changed.wait()
    return running


async def get(client: Container, path: str, *words: str) -> tuple[str, str]:
    """Status and body."""
    _, out, _ = await client.run("curl", "-s", "-w", "%{http_code}", *words, f"http://web{path}")
    return out[-3:], out[:-3]


async def test_it_says_what_the_image_says_and_serves(web: Container, client: Container) -> None:
    running = await started(web)
    assert 'using the "epoll" event method' in running.err
    assert await get(client, "/") == ("200", "<h1>Welcome to nginx!</h1>\n")
    await running.said(f"{client.address} - - [")
    assert '"GET / HTTP/1.1" 200 27 "-" "curl/' in running.out
    assert running.process.argv == ["nginx: master process nginx -g daemon off;"]
    workers = [p for p in web.machine.processes.values() if p.ppid == running.process.pid]
    assert [p.argv for p in workers] == [["nginx: worker process"]] * 2


async def test_what_is_missing_is_logged(web: Container, client: Container) -> None:
    running = await started(web)
    status, page = await get(client, "/nosuch")
    assert status == "404"
    assert "<center>nginx/1.29.2</center>" in page
    await running.said(
        'open() "/usr/share/nginx/html/nosuch" failed (2: No such file or directory)'
    )
    assert (
        f'client: {client.address}, server: localhost, request: "GET /nosuch HTTP/1.1", host: "web"'
        in running.err
    )


@pytest.mark.parametrize(
    ("block", "path", "status", "text"),
    [
        ("return 200 'hi $host\\n';", "/", "200", "hi web"),
        ("return 301 https://$host$request_uri;", "/x?y=1", "301", "301 Moved Permanently"),
        ("root /srv; try_files $uri $uri/ /index.html;", "/deep/link", "200", "app"),
        ("root /srv; try_files $uri =404;", "/deep", "404", "404 Not Found"),
        ("root /srv; autoindex on;", "/files/", "200", '<a href="a.css">a.css</a>'),
        ("root /srv;", "/files/", "403", "403 Forbidden"),
        ("root /srv;", "/files", "301", "301 Moved"),
        ("alias /srv/;", "/index.html", "200", "app"),
        ("rewrite ^/old/(.*)$ /files/$1 last; root /srv;", "/old/a.css", "200", "css"),
        ("rewrite ^/old$ /new redirect;", "/old", "302", "302 Found"),
    ],
)
async def test_locations(
    web: Container, client: Container, block: str, path: str, status: str, text: str
) -> None:
    web.write("/srv/index.html", "app\n")
    web.write("/srv/files/a.css", "css\n")
    web.write("/etc/nginx/conf.d/default.conf", f"server {{ listen 80; location / {{ {block} }} }}")
    await started(web)
    got, body = await get(client, path)
    assert got == status
    assert text in body


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/exact", "exact"),
        ("/exact/more", "prefix"),
        ("/a.png", "regex"),
        ("/static/a.png", "guarded"),
    ],
)
async def test_which_location_wins(web: Container, client: Container, path: str, text: str) -> None:
    web.write(
        "/etc/nginx/conf.d/default.conf",
        "server { location = /exact { return 200 exact; } location / { return 200 prefix; }"
        " location ~ \\.png$ { return 200 regex; } location ^~ /static/ { return 200 guarded; } }",
    )
    await started(web)
    assert await get(client, path) == ("200", text)


async def test_servers_by_name_and_port(web: Container, client: Container) -> None:
    web.write(
        "/etc/nginx/conf.d/default.conf",
        "server { listen 80 default_server; return 200 default; } server { listen 80; server_name a.test *.b.test; return 200 named; }"
        " server { listen 8080; return 200 other; }",
    )
    await started(web)
    assert (await get(client, "/"))[1] == "default"
    assert (await get(client, "/", "-H", "Host: a.test"))[1] == "named"
    assert (await get(client, "/", "-H", "Host: x.b.test"))[1] == "named"
    assert (await get(client, ":8080/"))[1] == "other"


async def test_it_passes_requests_on(lan: Lan, web: Container, client: Container) -> None:
    app = lan.container("app", bin_nginx="nginx/nginx")
    app.write(
        "/etc/nginx/nginx.conf",
        "http { access_log off; server { listen 3000; location / { return 200 '$request_uri|$host|$http_x_real_ip'; } } }",
    )
    await app.start("nginx", "-g", "daemon off;")
    web.write(
        "/etc/nginx/conf.d/default.conf",
        "upstream backend { server app:3000; } server { location /api/ { proxy_pass http://backend/; proxy_set_header X-Real-IP $remote_addr; }"
        " location /down/ { proxy_pass http://app:81; } }",
    )
    running = await started(web)
    assert await get(client, "/api/v1?x=1") == ("200", f"/v1?x=1|backend|{client.address}")
    assert (await get(client, "/down/"))[0] == "502"
    await running.said("connect() failed (111: Connection refused) while connecting to upstream")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("server { nosuch on; }", 'unknown directive "nosuch" in /etc/nginx/conf.d/default.conf:1'),
        ("server { listen 80 }", 'unexpected "}" in /etc/nginx/conf.d/default.conf:1'),
        (
            "server {\n listen 80;\n",
            'unexpected end of file, expecting "}" in /etc/nginx/conf.d/default.conf:2',
        ),
        (
            "server { location / {\n proxy_pass http://nosuch:80;\n} }",
            'host not found in upstream "nosuch" in /etc/nginx/conf.d/default.conf:2',
        ),
    ],
)
async def test_a_bad_configuration_is_refused(web: Container, text: str, complaint: str) -> None:
    web.write("/etc/nginx/conf.d/default.conf", text)
    code, _, err = await web.run("nginx", "-t")
    assert code == 1
    assert f"nginx: [emerg] {complaint}\n" in err
    code, _, err = await web.run("nginx", "-g", "daemon off;")
    assert code == 1


async def test_a_reload_by_its_own_command(web: Container, client: Container) -> None:
    running = await started(web)
    web.write("/etc/nginx/conf.d/default.conf", "server { return 200 new; }")
    assert (await web.run("nginx", "-s", "reload"))[0] == 0
    await running.said("exited with code 0")
    assert (await get(client, "/"))[1] == "new"


async def test_it_ends_by_sigquit(web: Container) -> None:
    running = await started(web)
    web.machine.signal(running.process.pid, 3)
    assert await running.ended() == 0
    assert "signal 3 (SIGQUIT) received, shutting down" in running.err
    assert running.err.endswith(": exit\n")


async def test_version_and_syntax_check(web: Container) -> None:
    assert await web.run("nginx", "-v") == (0, "", "nginx version: nginx/1.29.2\n")
    code, _, err = await web.run("nginx", "-t")
    assert (code, err.splitlines()[-1]) == (
        0,
        "nginx: configuration file /etc/nginx/nginx.conf test is successful",
    )
