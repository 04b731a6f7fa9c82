using System.Collections.Concurrent;
using System.Text;
using Billing.Contracts;
using Billing.ServiceDefaults.Tests.UsagePath.Reading;
using Billing.ServiceDefaults.UsagePath.Waiting;
using Billing.Testbed;
using Npgsql;

namespace Billing.ServiceDefaults.Tests.UsagePath.Waiting;

[Parallelizable(ParallelScope.Self)]
public class WaitingTests
{
    private TestDatabase _database = null!;
    private PathBroker _broker = null!;

    [SetUp]
    public async Task Make() =>
        (_database, _broker) = (await Books.Create(), await PathBroker.Start(BrokerKind.Embedded));

    [TearDown]
    public async Task Remove()
    {
        await _broker.DisposeAsync();
        await _database.DisposeAsync();
    }

    [Test]
    public async Task news_of_the_catalog_wakes_everything_that_was_judged_without_it()
    {
        // One transaction judges by number 1 while number 2 comes in, and commits after it.
        await News(1);
        await using var slow = await _database.Open(_database.Owner);
        await using var transaction = await slow.BeginTransactionAsync();
        (await CatalogNumber.Read(slow, CancellationToken.None)).ShouldBe(1);
        await Wait(slow, "late", judgedBy: 1);

        await using var reader = await Run();
        await News(2);
        await Wait(null, "early", judgedBy: 1);
        var judge = reader.Get<Judge>();
        await Eventually.Is(() => judge.Judged.Any(seen => seen == ("early", 2)));
        judge.Known = true;
        await transaction.CommitAsync();

        await Eventually.Is(async () => await Waiting() == 1);
        judge.Judged.ShouldContain(("late", 2));
        judge.Judged.Count(seen => seen == ("early", 2)).ShouldBe(1);

        // It was judged by number 2 and stays until there is more to know.
        await News(3);
        await Eventually.Is(async () => await Waiting() == 0);
        (await _database.Count()).ShouldBe(2);
    }

    [Test]
    public async Task one_that_cannot_be_judged_does_not_keep_the_others_back()
    {
        await News(1);
        foreach (var name in (string[])["a", "b", "broken", "c", "d"]) await Wait(null, name, judgedBy: 0);
        await using var reader = await Run(known: true);

        await Eventually.Is(async () => await _database.Count() == 4);
        await Eventually.Is(async () => await _database.Ask<long>(
            _database.Owner, "select count(*) from waiting_facts where judged_by = 1") == 1);
    }

    [Test]
    public async Task what_is_left_in_the_inbox_is_taken_once_by_the_owner_of_the_lane()
    {
        await using var old = await RunInbox();
        await using var heir = await RunInbox();
        await Eventually.Is(() => heir.Log.Lines.Any(line => line.Contains("Reads billing")));
        for (var row = 0; row < 50; row++) await Leave(row, row == 20 ? "bad" : "good");
        heir.Get<Inbox>().Poke();

        await Eventually.Is(async () => await _database.Count() == 49
            && (await _database.Parked()).Count == 1);
        (await _database.Ask<long>(_database.Owner, "select count(*) from lane_inbox")).ShouldBe(0);
        (await _database.Ask<long>(_database.Owner, "select count(distinct key) from effects")).ShouldBe(49);

        heir.Get<TakeRows>().IsRepaired = old.Get<TakeRows>().IsRepaired = true;
        await _database.Do(_database.Owner, "update parked_facts set redrive_asked_at = now()");
        await Eventually.Is(async () => await _database.Count() == 50
            && (await _database.Parked()).Count == 0);
    }

    private Task<Reader> Run(bool known = false) => Reader.Run(
        _database, _broker.Address,
        path: path => path.Read<BookKeeper>().Publish(Topics.Ratings).Waits<Judge>(),
        add: builder => builder.Services.Add(new(typeof(Judge), new Judge { Known = known })));

    private Task<Reader> RunInbox() => Reader.Run(
        _database, _broker.Address,
        path: path => path.Read<BookKeeper>().Publish(Topics.Ratings).Inbox<TakeRows>(Topics.Usage));

    private Task News(long number) => _database.Do(
        _database.Owner,
        $"""
        insert into read_lanes (topic, lane, last_number) values ('{Topics.Catalog}', 0, {number})
        on conflict (topic, lane) do update set last_number = {number}
        """);

    private async Task Wait(NpgsqlConnection? connection, string name, long judgedBy)
    {
        var sql = $"""
            insert into waiting_facts (kind, tenant_id, judged_by, body, since)
            values ('test', 'acme', {judgedBy}, '{name}', now())
            """;
        if (connection is null)
        {
            await _database.Do(_database.Owner, sql);
            return;
        }

        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    private Task<long> Waiting() =>
        _database.Ask<long>(_database.Owner, "select count(*) from waiting_facts");

    private async Task Leave(int row, string body)
    {
        await using var connection = await _database.Open(_database.Writer);
        await Inbox.Leave(
            connection,
            [
                new(new Guid(row, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1), row % Lanes.Count, "test",
                    Encoding.UTF8.GetBytes(body), TestService.Start),
            ],
            CancellationToken.None);
    }

    private sealed class Judge : IWaitingHandler
    {
        public string Kind => "test";

        public bool Known { get; set; }

        public ConcurrentQueue<(string Name, long Number)> Judged { get; } = [];

        public async Task<IReadOnlyCollection<long>> Retry(WaitingBatch batch, CancellationToken cancellation)
        {
            var done = new List<long>();
            // As it was before anybody can see that it was judged.
            var isKnown = Known;
            foreach (var row in batch.Rows)
            {
                var name = Encoding.UTF8.GetString(row.Body.Span);
                Judged.Enqueue((name, batch.CatalogNumber));
                if (name == "broken") throw new InvalidOperationException("It cannot be judged.");
                if (!isKnown) continue;

                await PathHost.Path.Write(
                    batch.Transaction.Connection, "waiting", null, null, null, name, cancellation);
                done.Add(row.Id);
            }

            return done;
        }
    }

    private sealed class TakeRows : IInboxHandler
    {
        public bool IsRepaired { get; set; }

        public async Task Apply(InboxBatch batch, CancellationToken cancellation)
        {
            foreach (var row in batch.Rows)
            {
                if (!IsRepaired && Encoding.UTF8.GetString(row.Body.Span) == "bad")
                    throw new FormatException("It is bad.");

                await PathHost.Path.Write(
                    batch.Transaction.Connection, "inbox", row.Lane, null, row.Id, $"{row.Id}", cancellation);
            }
        }
    }
}
