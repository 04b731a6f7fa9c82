using System.Diagnostics;
using System.Globalization;
using Billing.Contracts;
using Billing.Ledger.Projections;
using Billing.Ledger.Tests.Projections;
using Billing.Testbed;

namespace Billing.Ledger.Tests.Rebuild;

/// <summary>Read models are made again while the ledger goes on, and killed while they are.</summary>
public class RebuildTests
{
    [Test]
    public async Task one_read_model_alone_is_made_again_and_a_stopped_one_runs_on()
    {
        await using var side = await ReadSide.Create();
        await side.Append(ReadSide.History(31).Books.Log);
        await side.Follow(50);
        var before = await side.Everything();
        await side.Do("delete from usage_days");
        await side.Do(
            """
            update ledger_models set position = 3, stopped_before = 4, stopped_because = 'A test'
            where name = 'usage-days'
            """);

        var (isSame, said) = await side.Rebuild(ReadModels.All.Single(model => model.Name == "usage-days"));

        isSame.ShouldBeTrue();
        said.ShouldContain("usage-days: was at event 3, so there is nothing to compare");
        (await side.Everything()).ShouldBe(before);
        (await ModelHealth.Stopped(side.Ledger.Database, default)).ShouldBeEmpty();
        (await side.Ask<long>("select count(*) from pg_namespace where nspname = 'rebuild'")).ShouldBe(0);
    }

    [Test]
    public async Task rows_that_somebody_has_changed_are_found_put_right_and_kept_to_look_at()
    {
        await using var side = await ReadSide.Create();
        await side.Append(ReadSide.History(32).Books.Log);
        await side.Follow();
        var before = await side.Everything();
        const string ThirdRow =
            "select tenant_id, currency, account, meter from balances order by 1, 2, 3, 4 limit 1 offset 2";
        var changed = await side.Ask<string>(
            $"select concat_ws(',', tenant_id, currency, account) from ({ThirdRow}) as row");
        await side.Do(
            $"update balances set balance = balance + 1 where (tenant_id, currency, account, meter) = ({ThirdRow})");

        var (isSame, said) = await side.Rebuild();

        isSame.ShouldBeFalse();
        var differs = said.Single(line => line.StartsWith("balances: DIFFERS", StringComparison.Ordinal));
        differs.ShouldContain($"; first live ({changed}");
        (await side.Everything()).ShouldBe(before);
        (await side.Ask<long>("select count(*) from rebuild_replaced.balances")).ShouldBeGreaterThan(0);
        (await side.Ask<string>(
            """
            select string_agg(relname || ' ' || relkind::text || ' ' || relforcerowsecurity, ',' order by relname)
            from pg_class where relnamespace = 'public'::regnamespace and relname like 'charge%'
            """)).ShouldBe(
                "charge_changes r true,charge_changes_early i false,charge_changes_of_charge i false,"
                + "charge_changes_of_tenant i false,charge_changes_pkey i false,charge_totals r true,"
                + "charge_totals_pkey i false,charges r true,charges_of_tenant i false,charges_pkey i false");
    }

    [Test]
    public async Task amounts_and_units_of_any_size_are_made_again_as_they_were()
    {
        await using var side = await ReadSide.Create();
        string[] amounts =
        [
            "0", "0.000000000001", "-0.0001", "1", "-9999.9999", "10000", "12345678.000000090001",
            "-18446744.073709551616", "340282366920938463463.37", "10000000000000000000000000.123456789012",
            "-9999999999999999999999999.999999999999",
        ];
        string?[] units = [null, "0", "0.000000001", "-0.1", "18446744073.709551616", "90000000000000000000000000000"];
        await side.Append(amounts.SelectMany((amount, place) => units.Select((one, turn) => new Events.Append(
            new Events.StreamId.Usage(Given.InMarch.KeyOf(Given.Tenant, Given.Usd)), Given.Id($"{place} {turn}"),
            Given.Posted with
            {
                Amount = Given.Usd100(amount),
                Quantity = one is null ? null : Contracts.Values.Text.Read<Contracts.Values.Quantity>(one),
                Origin = Given.FromPricing(Given.Now.AddDays(place).AddTicks(turn)),
            }))));
        await side.Follow(7);
        var live = await side.Everything();

        (await side.Rebuild()).IsSame.ShouldBeTrue();

        (await side.Everything()).ShouldBe(live);
    }

    [Test]
    public async Task rebuilds_go_on_while_the_ledger_does_and_lose_nothing()
    {
        await using var side = await ReadSide.Create();
        await ManyCharges.Seed(side, 11_000);
        await side.Follow(5_000);
        using var stop = new CancellationTokenSource();
        var appending = Task.Run(async () =>
        {
            for (var seed = 40; !stop.IsCancellationRequested; seed++)
            {
                foreach (var part in ReadSide.History(seed, 40).Books.Log.Chunk(11))
                    await side.Append(part
                        .Where(append => append.Event is Events.ChargePosted or Events.CreditGranted)
                        .Select(append => append with { Id = Given.Id($"{seed} {append.Id}") }));
                try
                {
                    await side.Follow(30);
                }
                catch (Npgsql.PostgresException busy) when (busy.SqlState is "55P03" or "40P01")
                {
                    // The swap took longer than a writer waits for a lock: the page comes again.
                }
            }
        });

        var (isSame, said) = await side.Rebuild();
        await stop.CancelAsync();
        await appending;

        isSame.ShouldBeTrue(string.Join('\n', said));
        await side.Follow();
        var live = await side.Everything();
        (await side.Rebuild()).IsSame.ShouldBeTrue();
        (await side.Everything()).ShouldBe(live);
    }

    [Test]
    public async Task a_rebuild_killed_in_the_middle_leaves_the_live_tables_and_can_begin_again()
    {
        await using var side = await ReadSide.Create();
        await ManyCharges.Seed(side, 25_000);
        await side.Follow(5_000);
        var live = await side.Ask<long>("select (count(*) + sum(position))::bigint from charges");

        // Somebody reads, so the tables cannot be swapped, however fast the rest is.
        await using (var reader = await side.Ledger.Test.Open(side.Ledger.Test.Owner))
        await using (await reader.BeginTransactionAsync())
        await using (var rebuild = OwnedProcess.Start("/usr/bin/env", [
            $"ConnectionStrings:{Resources.Connection(Resources.Ledger, DatabaseRoles.Owner)}={side.Ledger.Test.Owner}",
            Billing.Testbed.Programs.Path("services/Ledger"), "rebuild"]))
        {
            await using (var read = new Npgsql.NpgsqlCommand("select 1 from charges limit 1", reader))
                await read.ExecuteNonQueryAsync();
            await Eventually.Is(async () => rebuild.HasExited
                ? throw new AssertionException(rebuild.Said)
                : await side.Ask<long>("select max(position) from rebuild.ledger_models") >= 10_000);
            await rebuild.Kill();
        }

        (await side.Ask<bool>("select to_regclass('rebuild.charges') is not null")).ShouldBeTrue("it was not done");
        (await side.Ask<long>("select (count(*) + sum(position))::bigint from charges")).ShouldBe(live);
        await Eventually.Is(async () => (await side.Rebuild()).IsSame); // once the server has let go of the dead one
    }

    [Test]
    public async Task a_second_rebuild_beside_the_first_is_refused()
    {
        await using var side = await ReadSide.Create();
        await using var first = await side.Ledger.Test.Open(side.Ledger.Test.Owner);
        await using var command = new Npgsql.NpgsqlCommand(
            "select pg_advisory_lock(hashtextextended('ledger rebuild', 0))", first);
        await command.ExecuteNonQueryAsync();

        (await Should.ThrowAsync<Ledger.Rebuild.RebuildFailedException>(() => side.Rebuild()))
            .Message.ShouldBe("Another rebuild of the ledger is at work.");
    }

    // A million with --full; the rate is for people to read.
    [Test]
    public async Task many_events_are_made_again_equal_to_what_was_live()
    {
        var count = TestSize.Of(10_000, 1_000_000);
        await using var side = await ReadSide.Create();
        await ManyCharges.Seed(side, count);
        var (clock, before) = (Stopwatch.StartNew(), await Spent(side));
        await side.Follow(5_000);
        var (live, after) = (clock.Elapsed, await Spent(side));
        clock.Restart();

        var (isSame, said) = await side.Rebuild();

        foreach (var line in said) TestContext.Out.WriteLine(line);
        TestContext.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"""
            live {count / live.TotalSeconds:N0} events/s; microseconds of CPU an event: {(after.Own - before.Own) / count:N1}
            here, {(after.Server - before.Server) / count:N1} in PostgreSQL; rebuild with indexes and comparison
            {count / clock.Elapsed.TotalSeconds:N0} events/s
            """));
        isSame.ShouldBeTrue();
    }

    /// <summary>Microseconds of CPU, of this process and of the writer's connections.</summary>
    private static async Task<(double Own, double Server)> Spent(ReadSide side)
    {
        var ticks = 0L;
        await using var connection = await side.Ledger.Test.Open(side.Ledger.Test.Admin);
        await using var command = new Npgsql.NpgsqlCommand(
            "select pid from pg_stat_activity where datname = current_database() and usename like '%writer'", connection);
        await using var rows = await command.ExecuteReaderAsync();
        while (await rows.ReadAsync())
        {
            var stat = await File.ReadAllTextAsync($"/proc/{rows.GetInt32(0)}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            ticks += long.Parse(fields[11], CultureInfo.InvariantCulture)
                + long.Parse(fields[12], CultureInfo.InvariantCulture);
        }

        return (Process.GetCurrentProcess().TotalProcessorTime.TotalMicroseconds, ticks * 10_000d); // 100 a second
    }
}
