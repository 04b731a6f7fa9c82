using System.Globalization;
using Billing.Contracts.Values;
using Billing.Ledger.Accounts;
using Billing.Ledger.Charges;
using Billing.Ledger.Events;
using Billing.Ledger.Projections;
using Billing.ServiceDefaults.Database;

namespace Billing.Ledger.Tests.Projections;

/// <summary>Read models on PostgreSQL are what the pure functions say, however the pages are cut.</summary>
public class ReadModelTests
{
    [TestCase(1, new[] { 1, 2, 3 })]
    [TestCase(2, new[] { 7, 1, 40 })]
    [TestCase(3, new[] { 1000 })]
    [TestCase(4, new[] { 13 })]
    [TestCase(5, new[] { 3 }, 10_000)]
    public async Task live_is_what_a_rebuild_makes_byte_for_byte(
        int seed, int[] pages, int together = 17)
    {
        await using var side = await ReadSide.Create();
        var history = ReadSide.History(seed);
        foreach (var part in history.Books.Log.Chunk(together)) await side.Append(part, byStream: together > 1_000);
        await side.Follow(pages);
        var live = await side.Everything();

        var (isSame, said) = await side.Rebuild();

        isSame.ShouldBeTrue(string.Join('\n', said));
        (await side.Everything()).ShouldBe(live);
        live.ShouldNotBeEmpty();
        (await ModelHealth.Stopped(side.Ledger.Database, default)).ShouldBeEmpty();
        if (together > 1_000)
            (await side.Ask<long>("select count(*) from charge_changes where charge_position > position"))
                .ShouldBeGreaterThan(0, "nothing was numbered before its charge");
        await ShouldBeThePureOnes(side);
        await ShouldBalance(side);
    }

    [Test]
    public void somebody_has_decided_what_each_event_means_in_the_read_models() =>
        EventNames.All.Values.ShouldBe(ReadModels.Known, ignoreOrder: true);

    [Test]
    public async Task a_page_that_comes_again_changes_nothing()
    {
        await using var side = await ReadSide.Create();
        await side.Append(ReadSide.History(5).Books.Log);
        var last = await side.Last();
        await side.Follow(20);
        var once = await side.Everything();

        await side.Models.Take(await side.Page(0, last, 10_000), default);
        await side.Models.Take(await side.Page(last / 2, last, 10_000), default);

        (await side.Everything()).ShouldBe(once);
    }

    [Test]
    public async Task what_is_behind_catches_up_from_the_store()
    {
        await using var side = await ReadSide.Create();
        await side.Append(ReadSide.History(6).Books.Log);
        var last = await side.Last();
        await side.Follow(20);
        var all = await side.Everything();
        await side.Do("truncate charges, charge_changes, charge_totals");
        await side.Do("update ledger_models set position = 0 where name = 'charges'");

        await side.Models.Take(new(last, last + 3, []), default);

        (await side.Everything()).ShouldBe(all);
        (await side.Ask<long>("select min(position) from ledger_models")).ShouldBe(last + 3);
    }

    [Test]
    public async Task an_event_that_one_does_not_know_stops_that_one_alone_until_it_does()
    {
        await using var side = await ReadSide.Create([.. ReadModels.All, new Forgetful()]);
        await side.Do("insert into ledger_models (name) values ('forgetful')");
        await side.Append(ReadSide.History(7).Books.Log);
        await side.Follow(30);

        var (first, last) = (
            await side.Ask<long>("select min(seq_id) from events.mt_events where type = 'period_closed'"),
            await side.Last());
        (await side.Ask<long>("select position from ledger_models where name = 'forgetful'"))
            .ShouldBe(first - 1);
        (await side.Ask<long>("select stopped_before from ledger_models where name = 'forgetful'"))
            .ShouldBe(first);
        (await side.Ask<string>("select stopped_because from ledger_models where name = 'forgetful'"))
            .ShouldBe("Nobody has decided what PeriodClosed means here.");
        (await side.Ask<long>("select min(position) from ledger_models where name <> 'forgetful'"))
            .ShouldBe(last);
        (await ModelHealth.Stopped(side.Ledger.Database, default)).ShouldBe(["forgetful"]);

        // The next version knows it, and catches up when it starts.
        using var next = new KeepReadModels(
            [.. ReadModels.All, new Forgetful { KnowsAll = true }], side.Ledger.Database, side.Ledger.Time,
            Microsoft.Extensions.Logging.Abstractions.NullLogger<KeepReadModels>.Instance);
        await next.CatchUp(default);

        (await side.Ask<long>("select min(position) from ledger_models")).ShouldBe(last);
        (await ModelHealth.Stopped(side.Ledger.Database, default)).ShouldBeEmpty();
    }

    [Test]
    public async Task one_that_fails_stops_alone_and_says_no_values()
    {
        await using var side = await ReadSide.Create();
        await side.Do("alter table usage_days add constraint impossible check (charges < 3)");
        await side.Append(ReadSide.History(8).Books.Log);
        await side.Follow(25);

        (await ModelHealth.Stopped(side.Ledger.Database, default)).ShouldBe(["usage-days"]);
        (await side.Ask<string>("select stopped_because from ledger_models where name = 'usage-days'"))
            .ShouldBe("PostgreSQL refused its rows: 23514 impossible.");
        (await side.Ask<long>("select min(position) from ledger_models where name <> 'usage-days'"))
            .ShouldBe(await side.Last());
    }

    [Test]
    public async Task the_clock_says_which_position_was_readable_when_and_never_goes_back()
    {
        await using var side = await ReadSide.Create();
        await side.Append(ReadSide.History(9).Books.Log);
        await side.Follow(40);
        await side.Models.CatchUp(default);

        (await side.Ask<bool>(
            """
            select bool_and(position > coalesce(before, 0) and readable_at > coalesce(moment, '-infinity'))
            from (select position, readable_at, lag(position) over ticks as before,
                lag(readable_at) over ticks as moment from ledger_clock window ticks as (order by position)) as all_ticks
            """)).ShouldBeTrue();
        var now = side.Ledger.Time.GetUtcNow();
        (await LedgerClock.PositionAt(now.AddDays(-1), side.Ledger.Database.Staff, default)).ShouldBe(0);
        (await LedgerClock.PositionAt(now.AddDays(1), side.Ledger.Database.Staff, default))
            .ShouldBe(await side.Last());
    }

    private static async Task ShouldBeThePureOnes(ReadSide side)
    {
        var page = await side.Page(0, await side.Last(), 100_000);
        var journal = ReadSide.Journal(page);
        (await side.Rows("(select position, line, event_id, what, tenant_id, account, trim_scale(amount), currency, meter,"
            + " subscription, period_start at time zone 'UTC', invoice_id, effective_at at time zone 'UTC' from journal)"))
            .ShouldBe(journal.Select(row =>
                $"({row.Position},{row.Line},{row.Event},{row.What},{row.Tenant},{Chart.Word(row.Account)},"
                + $"{Columns.Number(row.Amount)},{row.Amount.Currency},{Meter(row.Meter)},"
                + $"{(row.Period is null ? "" : row.Subscription is { } named ? named.ToString() : "\"\"")},"
                + $"{Moment(row.Period)},{row.Invoice},{Moment(row.EffectiveAt)})"), ignoreOrder: true);
        var balances = Balances.Changes(journal);
        (await side.Rows("(select tenant_id, account, meter, trim_scale(balance), currency, position from balances)"))
            .ShouldBe(balances.Select(row =>
                $"({row.Key.Tenant},{Chart.Word(row.Key.Account)},{Meter(row.Key.Meter)},"
                + $"{Columns.Number(row.Balance)},{row.Key.Currency},{row.Position})"), ignoreOrder: true);

        var charges = new Dictionary<ChargeId, ChargeRow>();
        foreach (var happened in page.Events)
            if (happened.Event is ChargePosted posted)
                charges[new(happened.Id)] = ChargeRow.Of(happened.Position, new(happened.Id), posted);
        foreach (var happened in page.Events)
            if (happened.Event is ChargeMoved && ChargeChange.Of(happened) is { } step)
                charges[step.Charge] = charges[step.Charge].Evolve(step) with
                {
                    Position = Math.Max(charges[step.Charge].Position, step.Position),
                };
        (await side.Rows("(select charge_id, trim_scale(left_amount), trim_scale(left_units), voided_by, is_taken_back,"
            + " changed_position from charges)"))
            .ShouldBe(charges.Values.Select(row =>
                $"({row.Charge},{Columns.Number(row.Left)},{(row.Units is { } units ? Text.Spell(units) : "")},{row.VoidedBy},"
                + $"{(row.IsTakenBack ? 't' : 'f')},{row.Position})"), ignoreOrder: true);
        (await side.Rows("charge_changes")).Count
            .ShouldBe(page.Events.Count(happened => happened.Event is ChargeMoved));

        static string Meter(MeterId? meter) => meter is { } named ? named.ToString() : "\"\"";

        static string Moment(DateTimeOffset? moment) => moment is { } at
            ? string.Create(CultureInfo.InvariantCulture, $"\"{at.UtcDateTime:yyyy-MM-dd HH:mm:ss.FFFFFF}\"")
            : "";
    }

    private static async Task ShouldBalance(ReadSide side)
    {
        (await side.Ask<long>(
            """
            select count(*) from (
                select tenant_id, currency from journal group by tenant_id, currency having sum(amount) <> 0
            ) as unbalanced
            """)).ShouldBe(0);
        (await side.Ask<long>(
            """
            select count(*) from (
                select currency from trial_balance group by currency having sum(debits) <> sum(credits)
            ) as unbalanced
            """)).ShouldBe(0);
        (await side.Ask<bool>(
            """
            select (select coalesce(sum(counting_left + taken_back_left), 0) from charge_totals)
                = (select coalesce(sum(left_amount) filter (where voided_by is null or is_taken_back), 0) from charges)
            and (select coalesce(sum(counting + voided + taken_back), 0) from charge_totals)
                = (select count(*) from charges)
            """)).ShouldBeTrue();
    }

    /// <summary>A model without tables that has not heard of closes.</summary>
    private sealed class Forgetful : IReadModel
    {
        public bool KnowsAll { get; init; }

        public string Name => "forgetful";

        public IReadOnlyList<string> Tables => [];

        public bool Knows(Type happened) => KnowsAll || happened != typeof(PeriodClosed);

        public Task AddTo(Npgsql.NpgsqlBatch batch, EventPage page, CancellationToken cancellation) =>
            Task.CompletedTask;
    }
}
