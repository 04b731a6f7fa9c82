using Billing.Contracts;
using Billing.Contracts.Values;
using Billing.ServiceDefaults.UsagePath;
using Billing.Testbed;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Billing.ServiceDefaults.Tests.UsagePath.Relaying;

/// <summary>Numbers, with everything that may go wrong before and while they are committed.</summary>
[Parallelizable(ParallelScope.Self)]
internal sealed class SendFactsTests
{
    private const string Other = Topics.Catalog;

    private readonly HandedOver _relay = new();
    private TestDatabase _database = null!;
    private Sender _sender = null!;

    [SetUp]
    public async Task Create()
    {
        _database = await TestDatabase.Create(Resources.Ingestion, GetType().Assembly);
        _relay.Facts.Clear();
        _sender = Sender.Of(_database, "127.0.0.1:9", services => services.AddSingleton<IRelay>(_relay));
        await _database.Do(_database.Owner, "create table effects (n integer primary key)");
    }

    [TearDown]
    public async Task Remove()
    {
        await _sender.DisposeAsync();
        await _database.DisposeAsync();
    }

    [Test]
    public async Task each_lane_of_each_topic_counts_for_itself_and_names_the_fact_before()
    {
        await _sender.Send(Sender.Fact(3, 1), Sender.Fact(5, 2), Sender.Fact(0, 3, Other), Sender.Fact(3, 4));
        await _sender.Send(Sender.Fact(0, 5, Other), Sender.Fact(3, 6), Sender.Fact(63, 7));

        _relay.Facts.Select(fact => (
                fact.Fact.Topic, fact.Fact.Lane, fact.Number, fact.Fact.Id.Value, fact.Previous?.Value))
            .ShouldBe(
            [
                (Sender.Topic, 3, 1, Id(1), null),
                (Sender.Topic, 5, 1, Id(2), null),
                (Other, 0, 1, Id(3), null),
                (Sender.Topic, 3, 2, Id(4), Id(1)),
                (Other, 0, 2, Id(5), Id(3)),
                (Sender.Topic, 3, 3, Id(6), Id(4)),
                (Sender.Topic, 63, 1, Id(7), null),
            ]);
        (await Stored()).Order().ShouldBe(_relay.Facts.Select(fact =>
            (fact.Fact.Topic, fact.Fact.Lane, fact.Number, fact.Fact.Id.Value)).Order());
    }

    [Test]
    public async Task what_is_stored_is_what_was_sent()
    {
        var trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        var body = new byte[] { 0, 255, 39, 92 };
        var sent = Sender.Fact(9, 1) with { Trace = trace, Key = "ключ", Body = body };
        await _sender.Send(sent, Sender.Fact(9, 2));

        await using var connection = await _database.Open(_database.Staff);
        await using var command = new NpgsqlCommand(
            "select wire_name, key, body, trace from sent_facts order by number", connection);
        await using var row = await command.ExecuteReaderAsync();
        (await row.ReadAsync()).ShouldBeTrue();
        (row.GetString(0), row.GetString(1), row.GetString(3)).ShouldBe((sent.WireName, "ключ", trace));
        row.GetFieldValue<byte[]>(2).ShouldBe(body);
        (await row.ReadAsync()).ShouldBeTrue();
        row.IsDBNull(3).ShouldBeTrue();
    }

    [Test]
    public async Task what_is_written_with_the_commit_holds_together_with_the_facts_or_not_at_all()
    {
        var remembered = 0;
        await Send(effect: 1, id: 1);
        (await Should.ThrowAsync<PostgresException>(() => Send(effect: 1, id: 2))).SqlState
            .ShouldBe(PostgresErrorCodes.UniqueViolation);
        await Send(effect: 2, id: 3);

        remembered.ShouldBe(2);
        _relay.Facts.Select(fact => (fact.Number, fact.Fact.Id.Value)).ShouldBe([(1, Id(1)), (2, Id(3))]);
        (await _database.Ask<long>(_database.Owner, "select count(*) from effects")).ShouldBe(2);

        async Task Send(int effect, int id)
        {
            await using var transaction = await _sender.Transactions.Begin(CancellationToken.None);
            // One that answers with rows, which nobody reads.
            transaction.Write(new("select 7 as last_number"));
            transaction.Write(new("insert into effects values ($1)")
            {
                Parameters = { new() { Value = effect } },
            });
            transaction.WhenCommitted(() => remembered++);
            transaction.Send(Sender.Fact(1, id));
            await transaction.Commit(CancellationToken.None);
        }
    }

    [Test]
    public async Task what_is_rolled_back_leaves_no_gap_and_is_not_handed_over()
    {
        await _sender.Send(Sender.Fact(1, 1));
        await using (var undone = await _sender.Transactions.Begin(CancellationToken.None))
        {
            undone.Send(Sender.Fact(1, 2));
            await _sender.Get<SendFacts>().Number(undone.Connection, undone.Facts, CancellationToken.None);
        }

        await _sender.Send(Sender.Fact(1, 3));

        _relay.Facts.Select(fact => (fact.Number, fact.Fact.Id.Value)).ShouldBe([(1, Id(1)), (2, Id(3))]);
        (await Stored()).Select(fact => fact.Number).Order().ShouldBe([1, 2]);
    }

    [TestCase(0)]
    [TestCase(2)]
    public async Task a_commit_after_a_failure_that_nobody_threw_on_fails_and_hands_nothing_over(int facts)
    {
        await using (var transaction = await _sender.Transactions.Begin(CancellationToken.None))
        {
            await Should.ThrowAsync<PostgresException>(() => Insert(transaction, 1, "no number"));
            for (var id = 0; id < facts; id++) transaction.Send(Sender.Fact(id, id + 1));

            var refused = await Should.ThrowAsync<PostgresException>(
                () => transaction.Commit(CancellationToken.None));
            refused.SqlState.ShouldBe(PostgresErrorCodes.InFailedSqlTransaction);
        }

        _relay.Facts.ShouldBeEmpty();
        (await Stored()).ShouldBeEmpty();
    }

    [Test]
    public async Task effects_and_numbers_are_committed_together_and_the_connection_can_be_used_again()
    {
        for (var batch = 1; batch <= 30; batch++) // more often than the pool has connections
        {
            await using var transaction = await _sender.Transactions.Begin(CancellationToken.None);
            await Insert(transaction, batch, "1");
            if (batch % 3 > 0) transaction.Send(Sender.Fact(0, batch));
            if (batch % 10 > 0) await transaction.Commit(CancellationToken.None);
        }

        (await _database.Ask<long>(_database.Writer, "select count(*) from effects")).ShouldBe(27);
        (await Stored()).Count.ShouldBe(18);
        _relay.Facts.Count.ShouldBe(18);
        await NothingIsLeftOpen();
    }

    [Test]
    public async Task concurrent_senders_with_rollbacks_and_deaths_leave_no_gap_and_never_deadlock()
    {
        const int Senders = 6, Batches = 60;
        // They wait for each other in a row, and for deaths: on a busy machine longer than a writer may.
        await _database.Do(
            _database.Admin, $"alter role {_database.Name}_writer set lock_timeout = '1min'");
        using var ended = new CancellationTokenSource();
        var readers = Enumerable.Range(0, 2).Select(_ => SeeThemInOrder(ended.Token)).ToArray();

        await Task.WhenAll(Enumerable.Range(0, Senders).Select(sender => Task.Run(async () =>
        {
            for (var batch = 0; batch < Batches; batch++)
            {
                // The same lanes in another order: whoever locked as given would meet the others halfway.
                var facts = Enumerable.Range(0, 12).Select(n => Sender.Fact(
                    (n * (sender + 5)) % 12, (sender * 100_000) + (batch * 100) + n,
                    n % 4 == 0 ? Other : Sender.Topic));
                switch (batch % 10)
                {
                    case 7: await RollBack(facts); break;
                    case 9: await Die(facts); break;
                    default: await _sender.Send(facts); break;
                }
            }
        })));
        await ended.CancelAsync();
        await Task.WhenAll(readers);

        var stored = await Stored();
        stored.Count.ShouldBe(Senders * Batches * 12 * 8 / 10);
        foreach (var lane in stored.GroupBy(fact => (fact.Topic, fact.Lane)))
            lane.Select(fact => fact.Number).Order()
                .ShouldBe(Enumerable.Range(1, lane.Count()).Select(number => (long)number));
        _relay.Facts.Select(fact =>
            (fact.Fact.Topic, fact.Fact.Lane, fact.Number, fact.Fact.Id.Value)).Order()
            .ShouldBe(stored.Order());
        foreach (var lane in _relay.Facts.GroupBy(fact => (fact.Fact.Topic, fact.Fact.Lane)))
        {
            var inOrder = lane.OrderBy(fact => fact.Number).ToList();
            inOrder.Skip(1).Select(fact => fact.Previous)
                .ShouldBe(inOrder.SkipLast(1).Select(fact => (FactId?)fact.Fact.Id));
        }

        await NothingIsLeftOpen();
    }

    /// <summary>Whoever sees a number has seen, or sees, all before it.</summary>
    private async Task SeeThemInOrder(CancellationToken cancellation)
    {
        await using var connection = await _database.Open(_database.Writer);
        await using var command = new NpgsqlCommand(
            """
            select coalesce(sum(f.most - f.many + abs(f.most - s.last_number)), 0)::bigint
            from (select topic, lane, max(number) most, count(*) many from sent_facts group by topic, lane) f
            join sent_lanes s using (topic, lane)
            """, connection);
        while (!cancellation.IsCancellationRequested)
            (await command.ExecuteScalarAsync(CancellationToken.None)).ShouldBe(0L);
    }

    private async Task RollBack(IEnumerable<OutgoingFact> facts)
    {
        await using var undone = await _sender.Transactions.Begin(CancellationToken.None);
        await _sender.Get<SendFacts>().Number(undone.Connection, [.. facts], CancellationToken.None);
    }

    /// <summary>The server ends the session after the numbers were given and before the commit.</summary>
    private async Task Die(IEnumerable<OutgoingFact> facts)
    {
        await using var killed = await _sender.Transactions.Begin(CancellationToken.None);
        var batch = facts.ToList();
        await _sender.Get<SendFacts>().Number(killed.Connection, batch, CancellationToken.None);
        await _database.Ask<bool>(
            _database.Admin, $"select pg_terminate_backend({killed.Connection.ProcessID}, 5000)");
        await Should.ThrowAsync<NpgsqlException>(() => killed.Commit(CancellationToken.None));
    }

    private async Task NothingIsLeftOpen() => (await _database.Ask<long>(
        _database.Admin,
        "select count(*) from pg_stat_activity where datname = current_database() and state like 'idle in%'"))
        .ShouldBe(0);

    private async Task<IReadOnlyList<(string Topic, int Lane, long Number, Guid Id)>> Stored()
    {
        await using var connection = await _database.Open(_database.Staff);
        await using var command = new NpgsqlCommand(
            "select topic, lane, number, fact_id from sent_facts", connection);
        await using var rows = await command.ExecuteReaderAsync();
        var facts = new List<(string, int, long, Guid)>();
        while (await rows.ReadAsync())
            facts.Add((rows.GetString(0), rows.GetInt32(1), rows.GetInt64(2), rows.GetGuid(3)));
        return facts;
    }

    private static async Task Insert(BatchTransaction transaction, int n, string number)
    {
        await using var command = new NpgsqlCommand(
            $"insert into effects select {n} where '{number}'::integer = 1", transaction.Connection);
        await command.ExecuteNonQueryAsync();
    }

    private static Guid Id(int id) => Sender.IdOf(id).Value;

    private sealed class HandedOver : IRelay
    {
        private readonly Lock _gate = new();

        public List<NumberedFact> Facts { get; } = [];

        public void HandOver(IReadOnlyList<NumberedFact> facts)
        {
            lock (_gate) Facts.AddRange(facts);
        }
    }
}
