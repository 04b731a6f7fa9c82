using Billing.Contracts;
using Billing.LocalTools;
using Billing.Testbed;

namespace Billing.ServiceDefaults.Tests.Database;

/// <summary>What all other tests stand on.</summary>
[Parallelizable(ParallelScope.Self)]
public sealed class TestbedTests
{
    [Test]
    public async Task A_test_database_is_gone_with_its_roles_when_it_is_disposed()
    {
        var database = await TestDatabase.Create(Resources.Console, typeof(TestbedTests).Assembly);
        await database.DisposeAsync();

        (await database.Ask<long>(
            await Servers.Postgres(),
            $"""
            select (select count(*) from pg_database where datname = '{database.Name}')
                 + (select count(*) from pg_roles where rolname like '{database.Name}%')
            """)).ShouldBe(0);
    }

    [Test]
    public async Task Two_test_databases_do_not_meet()
    {
        await using var one = await TestDatabase.Create(Resources.Console, typeof(TestbedTests).Assembly);
        await using var two = await TestDatabase.Create(Resources.Console, typeof(TestbedTests).Assembly);

        two.Name.ShouldNotBe(one.Name);
        two.Writer.ShouldNotBe(one.Writer);
    }

    [Test]
    public async Task An_embedded_broker_answers_until_it_is_disposed()
    {
        string address;
        await using (var broker = await Brokers.StartEmbedded())
        {
            address = broker.BootstrapServers;
            await Eventually.Is(async () => await KafkaProbe.Ask(address, default) is null);
        }

        (await KafkaProbe.Ask(address, default)).ShouldNotBeNull();
    }

    [Test]
    public async Task The_shared_broker_is_one()
    {
        var first = await Brokers.Shared(BrokerKind.Embedded);

        (await Brokers.Shared(BrokerKind.Embedded)).ShouldBe(first);
    }

    [Test]
    public async Task The_real_broker_answers()
    {
        if (!Brokers.HasRealOne) Assert.Ignore($"needs a real broker: {Brokers.KafkaHome} is not set");

        (await KafkaProbe.Ask(await Brokers.Shared(BrokerKind.Real), default)).ShouldBeNull();
    }

    [Test]
    public async Task An_owned_process_ends_when_it_is_disposed()
    {
        var owned = OwnedProcess.Start("/bin/sh", ["-c", "echo $$; exec sleep 1000"]);
        var process = await Eventually.Gives(() => Task.FromResult(owned.Said is { Length: > 0 } said ? said : null));
        Directory.Exists($"/proc/{process}").ShouldBeTrue();

        await owned.DisposeAsync();

        Directory.Exists($"/proc/{process}").ShouldBeFalse();
    }

    [Test]
    public async Task An_owned_process_can_be_killed_without_a_chance_to_save()
    {
        await using var owned = OwnedProcess.Start(
            "/bin/sh", ["-c", "trap 'echo saved' TERM; echo ready; while :; do sleep 1; done"]);
        await Eventually.Is(() => owned.Said.Contains("ready", StringComparison.Ordinal));

        await owned.Kill();

        owned.HasExited.ShouldBeTrue();
        owned.Said.ShouldNotContain("saved");
    }

    [Test]
    public async Task A_real_broker_that_was_killed_comes_back_where_it_was()
    {
        if (!Brokers.HasRealOne) Assert.Ignore($"needs a real broker: {Brokers.KafkaHome} is not set");
        await using var broker = await Brokers.StartOwnReal();
        var address = broker.BootstrapServers;

        await broker.Kill();
        (await KafkaProbe.Ask(address, default)).ShouldNotBeNull();
        await broker.StartAgain();

        broker.BootstrapServers.ShouldBe(address);
        (await KafkaProbe.Ask(address, default)).ShouldBeNull();
    }

    [Test]
    public async Task What_does_not_come_true_fails_and_says_what_it_was()
    {
        var never = false;

        (await Should.ThrowAsync<AssertionException>(
            () => Eventually.Is(() => never, TimeSpan.FromMilliseconds(50)))).Message.ShouldContain("() => never");
    }
}
