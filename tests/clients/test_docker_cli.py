"""A learner's first Docker lesson and its neighbourhood, typed into the docker CLI.

Each test is a script for bash with -e, against a daemon of its own; `check` compares, `refused` wants a failure
whose words contain a text.
"""

import asyncio
import os
import textwrap
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from mockerd import MockDaemon

pytestmark = pytest.mark.client("docker")

PRELUDE = """
set -eu
check() { [ "$1" = "$2" ] || { echo "expected: $2"; echo "got: $1"; exit 1; }; }
refused() { local words=$1; shift; if out=$("$@" 2>&1); then echo "not refused: $*"; exit 1; fi
            case $out in *"$words"*) ;; *) echo "other words: $out"; exit 1 ;; esac; }
port() { docker port "$1" "$2" | head -1 | sed 's/.*://'; }
page() { for _ in 1 2 3 4 5 6 7 8 9 10; do curl -sf "http://127.0.0.1:$1" && return; sleep .2; done; exit 1; }
"""
Lesson = Callable[[str], Awaitable[None]]


@pytest.fixture
async def lesson(client_env: dict[str, str], tmp_path: Path) -> AsyncIterator[Lesson]:
    async with MockDaemon() as mock:
        client_env |= {"DOCKER_HOST": mock.docker_host, "W": str(tmp_path)}

        async def play(script: str) -> None:
            process = await asyncio.create_subprocess_exec(
                "bash", "-xc", PRELUDE + textwrap.dedent(script),
                env={**os.environ, **client_env}, cwd=tmp_path,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
            )  # fmt: skip
            out, _ = await asyncio.wait_for(process.communicate(), 120)
            assert process.returncode == 0, out.decode()[-3000:]

        yield play


async def test_a_web_server_is_run_looked_at_and_edited(lesson: Lesson) -> None:
    await lesson("""
        docker run -d -P --name web httpd | grep -Eq '^[0-9a-f]{64}$'
        refused "already in use by container" docker run -d --name web httpd
        page "$(port web 80)/" | grep -q "It works"
        docker ps | grep -E "httpd .*Up .*->80/tcp.* web"
        check "$(docker exec web cat htdocs/index.html)" "<html><body><h1>It works!</h1></body></html>"
        docker exec web sed -i s/works/changed/ htdocs/index.html
        page "$(port web 80)/" | grep -q "It changed"
        docker logs web 2>&1 | grep -q "resuming normal operations"
        docker top web | grep -q httpd
        docker stop -t 3 web; check "$(docker inspect -f '{{.State.Status}} {{.State.ExitCode}}' web)" "exited 0"
        docker start web; page "$(port web 80)/" | grep -q "It changed"
        refused "container is running" docker rm web
        docker rm -f web; refused "No such container" docker logs web
    """)


async def test_a_folder_of_the_host_is_served_and_written(lesson: Lesson) -> None:
    await lesson("""
        mkdir htdocs; echo one > htdocs/index.html
        docker run -d -P --name web -v "$W/htdocs:/usr/local/apache2/htdocs" httpd
        check "$(page "$(port web 80)/")" one
        echo two > htdocs/index.html; check "$(page "$(port web 80)/")" two
        docker exec web sh -c 'echo three > htdocs/new.txt'; check "$(cat htdocs/new.txt)" three
        docker run --rm -v "$W/htdocs:/in:ro" busybox cat /in/index.html
        refused "Read-only file system" docker run --rm -v "$W/htdocs:/in:ro" busybox touch /in/x
        refused "bind source path does not exist" docker run --rm --mount type=bind,src=/nosuch,dst=/x busybox true
    """)


async def test_streams_and_exit_codes(lesson: Lesson) -> None:
    await lesson("""
        check "$(docker run --rm busybox echo hi)" hi
        check "$(echo piped | docker run --rm -i busybox cat)" piped
        check "$(docker run --rm busybox sh -c 'echo o; echo e >&2' 2>/dev/null)" o
        docker run --name three busybox sh -c 'exit 3' && exit 1 || check $? 3
        docker run --rm busybox nosuch 2>/dev/null && exit 1 || check $? 127
        docker run --rm busybox /etc/passwd 2>/dev/null && exit 1 || check $? 126
        docker ps -a | grep -q 'Exited (3)'
        docker run -d --name counting busybox sh -c 'for i in 1 2 3; do echo line$i; done; sleep 100'
        until docker logs counting | grep -q line3; do sleep .1; done
        docker logs -t --tail 1 counting | grep -Eq '^20[0-9-]+T.*Z line3$'
        docker exec counting sh -c 'exit 7' && exit 1 || check $? 7
        check "$(echo x | docker exec -i counting cat)" x
        check "$(docker exec -e A=b -w /tmp -u nobody counting sh -c 'echo $A $PWD $(id -un)')" "b /tmp nobody"
        docker kill counting; check "$(docker wait counting)" 137
        docker create -i --name echoing busybox cat
        check "$(echo once | docker start -ai echoing)" once; check "$(echo again | docker start -ai echoing)" again
        docker run -d --name last busybox sh -c 'until [ -e /go ]; do sleep .1; done; echo out; exit 4'
        docker attach last > attached & until docker events --since 1m --until 0s --filter event=attach --filter container=last | grep -q attach; do sleep .1; done
        docker exec last touch /go; wait $! && exit 1 || check "$? $(cat attached)" "4 out"
    """)


async def test_a_terminal(lesson: Lesson) -> None:
    await lesson("""
        script -qec 'docker run --rm -it busybox sh -c "tty; stty size"' /dev/null </dev/null | grep -q /dev/pts/0
        (sleep 1; printf 'echo A$((40+2))B\\nexit 5\\n'; sleep 1) | script -qec 'docker run -it --name term busybox' /dev/null | grep -q A42B
        check "$(docker wait term)" 5
    """)


async def test_what_a_container_is_given(lesson: Lesson) -> None:
    await lesson("""
        check "$(docker run --rm -e X=1 -h myhost -w /tmp busybox sh -c 'echo $X $(hostname) $PWD')" "1 myhost /tmp"
        docker run -d --name limited -m 64m --cpus .5 --restart on-failure:2 --label a=b busybox top
        check "$(docker inspect -f '{{.HostConfig.Memory}} {{.HostConfig.NanoCpus}} {{.HostConfig.RestartPolicy.Name}} {{.Config.Labels.a}}' limited)" "67108864 500000000 on-failure b"
        docker update -m 128m --memory-swap 256m limited
        docker stats --no-stream --format '{{.Name}} {{.MemUsage}}' limited | grep -q 'limited .* / 128MiB'
        docker pause limited; docker ps | grep -q Paused; docker unpause limited
        docker rename limited other; docker stop -t 0 other
        check "$(docker ps -aq --filter label=a=b | wc -l)" 1
    """)


async def test_files_go_in_and_out(lesson: Lesson) -> None:
    await lesson("""
        docker run -d --name box busybox top
        echo in > in.txt; docker cp in.txt box:/tmp/in.txt; check "$(docker exec box cat /tmp/in.txt)" in
        docker exec box sh -c 'mkdir /out; echo o > /out/o; rm /etc/group'
        docker cp box:/out out; check "$(cat out/o)" o
        tar -c in.txt | docker cp - box:/out; docker exec box cat /out/in.txt
        check "$(docker diff box | sort | tr '\\n' ' ')" "A /out A /out/in.txt A /out/o A /tmp/in.txt C /etc C /tmp D /etc/group "
        docker export box | tar -t | grep -q '^out/o$'
        refused "Could not find the file" docker cp box:/nosuch .
    """)


async def test_images(lesson: Lesson) -> None:
    await lesson("""
        docker pull -q busybox; docker images | grep -q '^busybox *latest'
        refused "pull access denied" docker pull nosuch-image
        docker run --name made busybox sh -c 'echo made > /made'
        docker commit -c 'CMD ["cat", "/made"]' made mine:1; check "$(docker run --rm mine:1)" made
        docker save mine:1 -o mine.tar; docker rmi -f mine:1; docker load -i mine.tar; check "$(docker run --rm mine:1)" made
        docker tag mine:1 mine:2; docker history mine:2 | grep -q 'CREATED BY'
        docker export made | docker import -c 'CMD ["cat","/made"]' - flat; check "$(docker run --rm flat)" made
        docker rmi mine:2; refused "No such image" docker rmi nosuch
        docker system df | grep -q '^Images'; docker container prune -f; docker image prune -af
        docker search --limit 3 httpd | grep -q httpd
    """)


async def test_the_classic_builder(lesson: Lesson) -> None:
    await lesson("""
        printf 'FROM busybox\\nARG V=1\\nENV A=$V\\nWORKDIR /app\\nCOPY f.txt .\\nRUN cat f.txt > g && echo $A >> g\\nCMD ["cat","g"]\\n' > Dockerfile
        echo ctx > f.txt; export DOCKER_BUILDKIT=0
        docker build --build-arg V=5 -t built . 2>&1 | grep -q 'Successfully tagged built:latest'
        check "$(docker run --rm built | tr '\\n' ' ')" "ctx 5 "
        docker build --build-arg V=5 . 2>&1 | grep -q 'Using cache'
        printf 'FROM busybox\\nRUN exit 3\\n' > Fails; refused "returned a non-zero code: 3" docker build -f Fails .
    """)


async def test_networks_and_volumes(lesson: Lesson) -> None:
    await lesson("""
        docker network create --subnet 10.77.0.0/24 net
        docker run -d --name web --network net --network-alias alias httpd
        for name in web alias; do docker run --rm --network net busybox sh -c "until wget -qO- http://$name/; do sleep .1; done" | grep -q works; done
        docker inspect -f '{{.NetworkSettings.Networks.net.IPAddress}}' web | grep -q '^10.77.0.'
        refused "has active endpoints" docker network rm net
        docker network disconnect net web; docker network rm net
        docker run --rm --network none busybox ip a | grep -q lo
        docker run --rm busybox ping -c1 -W1 "$(docker inspect -f '{{.NetworkSettings.Networks.bridge.Gateway}}' $(docker create busybox))" || true
        docker volume create --label k=v vol; docker run --rm -v vol:/d busybox sh -c 'echo kept > /d/f'
        check "$(docker run --rm -v vol:/d busybox cat /d/f)" kept
        docker volume ls -q --filter label=k=v | grep -qx vol; docker volume rm vol; refused "no such volume" docker volume inspect vol
    """)


async def test_events(lesson: Lesson) -> None:
    await lesson("""
        since=$(date +%s); docker run --rm --label e=1 busybox true
        check "$(docker events --since "$since" --until "$(date +%s.%N)" --filter label=e=1 --format '{{.Action}}' | tr '\\n' ' ')" "create attach start die destroy "
    """)
