"""rabbitmq's log, its diagnostics, and the greeting that ends in a refusal."""

from tests.daemon.programs.network import Lan


async def test_it_starts_and_its_tools_see_it(lan: Lan) -> None:
    names = {"bin_server": "rabbitmq/rabbitmq-server", "bin_ctl": "rabbitmq/rabbitmqctl"}
    broker = lan.container("broker", **names)
    assert (await broker.run("ctl", "status"))[0] == 69
    await (await broker.start("server")).said("Server startup complete")
    assert await broker.run("ctl", "ping") == (0, "Ping succeeded\n", "")


async def test_a_client_is_greeted_and_told_that_there_are_no_queues(lan: Lan) -> None:
    broker = lan.container("broker", bin_server="rabbitmq/rabbitmq-server")
    client = lan.container("client", bin_nc="busybox/nc")
    await (await broker.start("server")).said("Server startup complete")
    running = await client.start("nc", "broker", "5672", stdin=b"AMQP\x00\x00\x09\x01")
    await running.ended()
    assert b"PLAIN AMQPLAIN" in running.stdout
    assert b"NOT_IMPLEMENTED - mockerd's RabbitMQ keeps no queues" in running.stdout
