"""What of networks a container shows and finds: endpoints, names, links, shared namespaces."""

from tests.behaviour.boxes import Boxes


async def test_an_endpoint_while_it_runs_and_afterwards(boxes: Boxes) -> None:
    await boxes.docker.post("/networks/create", {"Name": "net", "IPAM": {"Config": [{"Subnet": "10.9.0.0/24"}]}})  # fmt: skip
    endpoint = {"Aliases": ["al"], "IPAMConfig": {"IPv4Address": "10.9.0.9"}}
    box = await boxes.run(
        "top",
        HostConfig={"NetworkMode": "net"},
        NetworkingConfig={"EndpointsConfig": {"net": endpoint}},
    )
    up = (await box.inspect())["NetworkSettings"]
    shown = up["Networks"]["net"]
    assert (shown["IPAddress"], shown["Gateway"], shown["IPPrefixLen"]) == (
        "10.9.0.9",
        "10.9.0.1",
        24,
    )
    assert shown["DNSNames"] == ["box", "al", box.id[:12]]
    assert up["IPAddress"] == ""
    assert up["SandboxKey"] == f"/run/docker/netns/{up['SandboxID'][:12]}"
    await box.post("kill")
    down = (await box.inspect())["NetworkSettings"]
    kept = down["Networks"]["net"]
    assert (kept["IPAddress"], kept["EndpointID"], kept["MacAddress"]) == ("", "", "")
    assert (kept["NetworkID"], kept["Aliases"], kept["DNSNames"]) == (
        shown["NetworkID"],
        ["al"],
        shown["DNSNames"],
    )
    assert (down["SandboxID"], down["Ports"]) == ("", {})


async def test_the_default_bridge_is_shown_twice(boxes: Boxes) -> None:
    box = await boxes.run("top")
    settings = (await box.inspect())["NetworkSettings"]
    bridge = settings["Networks"]["bridge"]
    for key in ("IPAddress", "EndpointID", "Gateway", "MacAddress", "IPPrefixLen"):
        assert settings[key] == bridge[key] != ""


async def test_containers_find_each_other_by_name(boxes: Boxes) -> None:
    await boxes.docker.post("/networks/create", {"Name": "net"})
    await boxes.run("sh", "-c", "while :; do echo hi | nc -l -p 80; done", name="web", HostConfig={"NetworkMode": "net"})  # fmt: skip
    script = "until nc web 80; do sleep 0.01; done"
    box = await boxes.finished("sh", "-c", script, HostConfig={"NetworkMode": "net"})
    assert (await box.output()).endswith("hi\n")


async def test_a_shared_network_namespace(boxes: Boxes) -> None:
    await boxes.run("sh", "-c", "while :; do echo hi | nc -l -p 80; done", name="one")
    script = "until nc 127.0.0.1 80; do sleep 0.01; done; hostname"
    shared = {"NetworkMode": "container:one"}
    box = await boxes.finished("sh", "-c", script, HostConfig=shared)
    first = await boxes.docker.get("/containers/one/json")
    assert (await box.output()).endswith(f"hi\n{first.json['Config']['Hostname']}\n")
    shown = await box.inspect()
    assert shown["NetworkSettings"]["Networks"] == {}
    assert shown["Config"]["Hostname"] == first.json["Config"]["Hostname"]
    assert shown["HostsPath"] == first.json["HostsPath"]


async def test_a_link_makes_names_and_variables(boxes: Boxes) -> None:
    db = await boxes.run("top", name="db", ExposedPorts={"5432/tcp": {}}, Env=["SECRET=x"])
    box = await boxes.finished(
        "sh",
        "-c",
        "env | grep ^DATA | sort; grep data /etc/hosts",
        HostConfig={"Links": ["db:data"]},
    )
    assert (await box.output()).splitlines() == [
        "DATA_ENV_SECRET=x",
        "DATA_NAME=/box/data",
        "DATA_PORT=tcp://172.17.0.2:5432",
        "DATA_PORT_5432_TCP=tcp://172.17.0.2:5432",
        "DATA_PORT_5432_TCP_ADDR=172.17.0.2",
        "DATA_PORT_5432_TCP_PORT=5432",
        "DATA_PORT_5432_TCP_PROTO=tcp",
        f"172.17.0.2\tdata {db.id[:12]} db",
    ]
    assert (await box.inspect())["HostConfig"]["Links"] == ["/db:/box/data"]


async def test_no_network_at_all(boxes: Boxes) -> None:
    box = await boxes.run("top", HostConfig={"NetworkMode": "none"})
    shown = (await box.inspect())["NetworkSettings"]["Networks"]["none"]
    assert shown["IPAddress"] == ""
    assert shown["NetworkID"] != ""
    assert (await box.exec("cat", "/proc/net/dev"))[1].count("eth") == 0


async def test_a_link_is_a_name_until_it_is_removed(boxes: Boxes) -> None:
    db = await boxes.run("top", name="db")
    box = await boxes.create("true", HostConfig={"Links": ["db:data"]})
    names = {entry["Id"]: entry["Names"] for entry in await boxes.listed()}
    assert names == {db.id: ["/db", "/box/data"], box.id: ["/box"]}
    assert (await boxes.docker.delete("/containers/box/data?link=1")).status == 204
    [entry] = await boxes.listed("")
    assert entry["Names"] == ["/db"]
    assert (await box.inspect())["HostConfig"]["Links"] is None


async def test_the_dns_server_is_bound_inside(boxes: Boxes) -> None:
    """On networks where containers have names, as netstat shows on Engine 28.5.2."""
    await boxes.docker.post("/networks/create", {"Name": "named"})
    box = await boxes.run("top", name="named", HostConfig={"NetworkMode": "named"})
    _code, shown = await box.exec("netstat", "-lntu")
    local = [line.split()[3].rpartition(":")[0] for line in shown.splitlines()[2:]]
    assert local == ["127.0.0.11", "127.0.0.11"]
    other = await boxes.run("top", name="unnamed")
    _code, shown = await other.exec("netstat", "-lntu")
    assert shown.splitlines()[2:] == []
