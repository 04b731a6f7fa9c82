using JasperFx.Events.Daemon;
using JasperFx.Events.Projections;
using Marten;
using Marten.AsyncDaemon;
using Npgsql;

namespace Billing.StandIns.Tests.Marten;

/// <summary>One case each of what stands between the last number and the mark.</summary>
public class HighWaterTests
{
    private DocumentStore store = null!;
    private HighWater water = null!;

    [SetUp]
    public async Task NewStore()
    {
        store = Stores.New();
        await store.Storage.ApplyAllConfiguredChangesToDatabaseAsync();
        water = new(store.Parts);
    }

    [TearDown]
    public void Close()
    {
        water.Dispose();
        store.Dispose();
    }

    [Test]
    public async Task an_empty_store_is_at_zero() => (await Mark()).ShouldBe(0);

    [Test]
    public async Task a_held_transaction_holds_the_mark_below_its_first_number()
    {
        await store.Append("a", new Counted(1));
        await using var held = await Writer.Begin(store);
        await held.Insert("held", 2);
        await store.Append("a", new Counted(2));

        (await Mark()).ShouldBe(1);
        (await Mark()).ShouldBe(1);
        water.Unsettled.ShouldBeTrue();
        await held.Commit();
        (await Mark()).ShouldBe(4);
        water.Unsettled.ShouldBeFalse();
    }

    [Test]
    public async Task numbers_are_waited_for_that_were_taken_before_the_transaction_had_an_id()
    {
        await store.Append("a", new Counted(1));
        await using var held = await Writer.WithNumberWithoutId(store);
        var number = held.Taken.ShouldHaveSingleItem();
        await store.Append("a", new Counted(1));

        (await held.HasId()).ShouldBeFalse("the held transaction must be invisible by id, or this shows nothing");
        (await Mark()).ShouldBe(number - 1);
        await held.InsertTaken("late");
        (await Mark()).ShouldBe(number - 1);
        await held.Commit();
        (await Mark()).ShouldBe(number + 1);
    }

    [Test]
    public async Task dead_numbers_are_passed_as_soon_as_their_transaction_has_ended()
    {
        await using (var dead = await Writer.Begin(store)) await dead.Insert("dead", 3);
        (await Mark()).ShouldBe(3);

        await store.Append("a", new Counted(1));
        await using (var dead = await Writer.Begin(store)) await dead.Insert("dead", 2);
        await store.Append("a", new Counted(1));
        (await Mark()).ShouldBe(7);
    }

    [Test]
    public async Task a_dead_number_is_passed_although_other_writers_never_pause()
    {
        await using var first = await Writer.Begin(store);
        await first.Insert("first", 1);
        await using (var dead = await Writer.Begin(store)) await dead.Insert("dead", 1);
        await using var second = await Writer.Begin(store);
        await second.Insert("second", 1);
        (await Mark()).ShouldBe(0);
        await first.Commit();
        (await Mark()).ShouldBe(1);

        await using var third = await Writer.Begin(store);
        await third.Insert("third", 1);
        await second.Commit();
        (await Mark()).ShouldBeGreaterThanOrEqualTo(2);
        (await Mark()).ShouldBe(3);
        await third.Commit();
        (await Mark()).ShouldBe(4);
    }

    [Test]
    public async Task transactions_that_only_read_or_write_elsewhere_hold_nothing_up()
    {
        await Stores.Do($"create table {store.Schema()}.side (n int)");
        await using (var dead = await Writer.Begin(store)) await dead.Insert("dead", 1);
        await using var reader = await Stores.Source.OpenConnectionAsync();
        await using var transaction = await reader.BeginTransactionAsync();
        await using var command = new NpgsqlCommand(
            $"insert into {store.Schema()}.side select count(*) from {store.Schema()}.mt_events", reader);
        await command.ExecuteNonQueryAsync();
        await store.Append("a", new Counted(1));

        (await Mark()).ShouldBe(2);
    }

    [Test]
    public async Task an_append_that_is_stuck_in_the_middle_of_its_statement_is_waited_for()
    {
        var id = Guid.CreateVersion7();
        await using var first = await Writer.Begin(store);
        await first.Insert("first", 1, id);
        var stuck = store.Append("stuck", new Counted(1), JasperFx.Events.Event.For(new Counted(2)).As(id));
        await Billing.Testbed.Eventually.Is(async () => await Stores.Ask<long>(
            $"select last_value from {store.Schema()}.mt_events_sequence") == 3);
        await store.Append("free", new Counted(1));

        (await Mark()).ShouldBe(0);
        await first.RollBack();
        await stuck;
        (await Mark()).ShouldBe(4);
    }

    [Test]
    public async Task another_start_goes_on_from_what_is_stored_and_is_as_careful()
    {
        await using (var dead = await Writer.Begin(store)) await dead.Insert("dead", 2);
        await store.Append("a", new Counted(1));
        await Mark();
        await water.Store(default);
        await using var held = await Writer.Begin(store);
        await held.Insert("held", 1);
        await store.Append("a", new Counted(1));

        using var restarted = new HighWater(store.Parts);
        (await restarted.Detect(default)).ShouldBe(3);
        (await store.Advanced.ProjectionProgressFor(ShardName.HighWaterMarkFor())).ShouldBe(3);
        await held.RollBack();
        (await restarted.Detect(default)).ShouldBe(5);
    }

    [Test]
    [Explicit("needs a server with max_prepared_transactions above 0")]
    public async Task a_prepared_transaction_is_waited_for_under_its_new_name()
    {
        await using var held = await Writer.Begin(store);
        await held.Insert("held", 1);
        await store.Append("a", new Counted(1));
        (await Mark()).ShouldBe(0);
        await held.Do($"prepare transaction '{store.Schema()}'");
        (await Mark()).ShouldBe(0);
        (await Mark()).ShouldBe(0);
        await Stores.Do($"commit prepared '{store.Schema()}'");
        (await Mark()).ShouldBe(2);
    }

    [Test]
    public async Task a_run_without_holes_is_walked_in_strides()
    {
        var many = Enumerable.Range(0, 12_345).Select(_ => (object)new Counted(1)).ToArray();
        await using var before = await Writer.Begin(store);
        await before.Touch();
        await store.Append("many", many);

        (await Mark()).ShouldBe(12_345, "the open transaction has a lock but no number");
    }

    [Test]
    public async Task parallel_writers_that_commit_roll_back_and_hesitate_lose_nothing_on_the_reader()
    {
        using var ending = new CancellationTokenSource();
        var seen = new List<long>();
        var reading = Task.Run(async () =>
        {
            var position = 0L;
            for (var last = false; ; last = ending.IsCancellationRequested)
            {
                var mark = await water.Detect(default);
                while (position < mark)
                {
                    var page = await new PageLoader(store.Parts, [], 7)
                        .Load(position, mark, new ErrorHandlingOptions(), default);
                    seen.AddRange(page.Events.Select(e => e.Sequence));
                    position = page.Ceiling;
                }

                if (last) return;
            }
        });
        await Task.WhenAll(Enumerable.Range(0, 6).Select(n => Task.Run(async () =>
        {
            var random = new Random(n);
            for (var i = 0; i < Billing.Testbed.TestSize.Of(120, 2_000); i++)
            {
                await using var writer = await Writer.Begin(store);
                if (random.Next(4) == 0) await writer.Take(2);
                await writer.Insert($"s{n}", random.Next(1, 4));
                if (random.Next(10) == 0) await Task.Delay(random.Next(5));
                if (random.Next(2) == 0) await writer.InsertTaken($"s{n}");
                if (random.Next(3) > 0) await writer.Commit();
            }
        })));
        await ending.CancelAsync();
        await reading;

        seen.ShouldBe(await Writer.Committed(store, 0));
    }

    private Task<long> Mark() => water.Detect(default);
}

internal static class Ids
{
    public static T As<T>(this T e, Guid id)
        where T : JasperFx.Events.IEvent
    {
        e.Id = id;
        return e;
    }
}

/// <summary>A transaction that takes numbers and writes events, step by step.</summary>
internal sealed class Writer : IAsyncDisposable
{
    private readonly string schema;
    private readonly NpgsqlConnection connection;
    private readonly NpgsqlTransaction transaction;

    private Writer(string schema, NpgsqlConnection connection, NpgsqlTransaction transaction) =>
        (this.schema, this.connection, this.transaction) = (schema, connection, transaction);

    /// <summary>Numbers that may still become events that others see.</summary>
    public List<long> Numbers { get; } = [];

    /// <summary>Of these, the ones without a row yet.</summary>
    public List<long> Taken { get; } = [];

    public static async Task<Writer> Begin(DocumentStore store)
    {
        var connection = await Stores.Source.OpenConnectionAsync();

        return new(store.Schema(), connection, await connection.BeginTransactionAsync());
    }

    /// <summary>
    /// The first number of a block is logged, which needs an id; those after it are not, unless a checkpoint
    /// of the server came between: then with the next one.
    /// </summary>
    public static async Task<Writer> WithNumberWithoutId(DocumentStore store)
    {
        for (var tries = 0; ; tries++)
        {
            var writer = await Begin(store);
            await writer.Take(1);
            if (tries == 10 || !await writer.HasId()) return writer;

            await writer.DisposeAsync();
        }
    }

    public static async Task<long[]> Committed(DocumentStore store, long above) => await Stores.Ask<long[]>(
        $"select coalesce(array_agg(seq_id order by seq_id), '{{}}') from {store.Schema()}.mt_events"
        + $" where seq_id > {above}");

    public Task<bool> HasId() => Ask<bool>("select pg_current_xact_id_if_assigned() is not null");

    public async Task Take(int count)
    {
        var numbers = await Ask<long[]>(
            $"select array_agg(nextval('{schema}.mt_events_sequence')) from generate_series(1, {count})");
        Numbers.AddRange(numbers);
        Taken.AddRange(numbers);
    }

    /// <summary>As any client might, and as the real package does.</summary>
    public async Task Insert(string stream, int count, Guid? id = null) => Numbers.AddRange(await Ask<long[]>(
        Rows(stream, $"select nextval('{schema}.mt_events_sequence') from generate_series(1, {count})", id)));

    public async Task InsertTaken(string stream)
    {
        if (Taken.Count == 0) return;

        await Ask<long[]>(Rows(stream, $"select unnest(array[{string.Join(',', Taken)}]::bigint[])", null));
        Taken.Clear();
    }

    /// <summary>Takes the lock of a writer, and no number.</summary>
    public Task Touch() => Ask<long>(
        $"with none as (delete from {schema}.mt_events where false returning 1) select count(*) from none");

    public async Task InsertAndUndo(string stream)
    {
        await transaction.SaveAsync("point");
        var (numbers, taken) = (Numbers.ToList(), Taken.ToList());
        await Insert(stream, 2);
        await InsertTaken(stream);
        await transaction.RollbackAsync("point");
        Numbers.Clear();
        Numbers.AddRange(numbers);
        Taken.AddRange(taken);
    }

    public async Task Do(string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection, transaction);
        await command.ExecuteNonQueryAsync();
    }

    public Task Commit() => transaction.CommitAsync();

    public Task RollBack() => transaction.RollbackAsync();

    public async ValueTask DisposeAsync()
    {
        await transaction.DisposeAsync();
        await connection.DisposeAsync();
    }

    private string Rows(string stream, string numbers, Guid? id) => $"""
        with s as (
            insert into {schema}.mt_streams as held (id, version) values ('{stream}', 1000)
            on conflict (id) do update set version = held.version + 1000 returning version
        ), n as ({numbers}), e as (
            insert into {schema}.mt_events (seq_id, id, stream_id, version, data, type)
            select q, coalesce({(id is null ? "null" : $"'{id}'::uuid")}, gen_random_uuid()), '{stream}',
                s.version + row_number() over (), jsonb_build_object('Amount', 1), 'counted'
            from s, (select * from n) as t (q)
            returning seq_id
        )
        select array_agg(seq_id) from e
        """;

    private async Task<T> Ask<T>(string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection, transaction);

        return (T)(await command.ExecuteScalarAsync())!;
    }
}
