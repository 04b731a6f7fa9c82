using System.Globalization;
using Billing.Ledger.Accounts;
using Billing.Ledger.Events;
using Billing.Ledger.Projections;
using Billing.Ledger.Rebuild;
using Microsoft.Extensions.Logging.Abstractions;

namespace Billing.Ledger.Tests.Projections;

/// <summary>A ledger's database with its read models, which take in what they are told to.</summary>
internal sealed class ReadSide : IAsyncDisposable
{
    public static readonly IReadOnlyList<string> Tables = [.. ReadModels.All.SelectMany(model => model.Tables)];

    private ReadSide(LedgerDatabase ledger, IReadOnlyList<IReadModel> models)
    {
        Ledger = ledger;
        Models = new(models, ledger.Database, ledger.Time, NullLogger<KeepReadModels>.Instance);
    }

    public LedgerDatabase Ledger { get; }

    public KeepReadModels Models { get; }

    public static async Task<ReadSide> Create(IReadOnlyList<IReadModel>? models = null) =>
        new(await LedgerDatabase.Create(), models ?? ReadModels.All);

    /// <summary>In one transaction, in the order of the streams or in that of their first events.</summary>
    public async Task Append(IEnumerable<Append> appends, bool byStream = false)
    {
        await using var session = Ledger.Store.LightweightSession();
        foreach (var append in byStream
            ? appends.OrderBy(one => one.Stream.ToString(), StringComparer.Ordinal)
            : appends)
        {
            var happened = session.Events.BuildEvent(append.Event);
            happened.Id = append.Id;
            session.Events.Append(append.Stream.ToString(), happened);
        }

        await session.SaveChangesAsync();
    }

    /// <summary>Nobody appends now, so the last is the gap-free one.</summary>
    public Task<long> Last() => Ask<long>("select coalesce(max(seq_id), 0) from events.mt_events");

    /// <summary>Takes in all that is there, in pages of these sizes, again and again.</summary>
    public async Task Follow(params int[] sizes)
    {
        var (at, last) = (await Ask<long>("select max(position) from ledger_models"), await Last());
        for (var turn = 0; at < last; turn++)
        {
            var page = await Page(at, last, sizes.Length == 0 ? 1_000 : sizes[turn % sizes.Length]);
            await Models.Take(page, default);
            at = page.Ceiling;
        }
    }

    public async Task<EventPage> Page(long after, long upTo, int size)
    {
        await using var connection = await Ledger.Database.Writer.OpenConnectionAsync();
        return await StoredEvents.Page(after, upTo, size, connection, default);
    }

    /// <summary>All postings of a page.</summary>
    public static IReadOnlyList<JournalRow> Journal(EventPage page) =>
        [.. page.Events.SelectMany(Accounts.Journal.Of)];

    public async Task<(bool IsSame, List<string> Said)> Rebuild(params IReadModel[] models)
    {
        var said = new List<string>();
        await using var owner = RebuildLedger.Shadows(Ledger.Test.Owner);
        var isSame = await new RebuildModels(
            models.Length == 0 ? ReadModels.All : models, owner, TimeProvider.System, said.Add).Run(default);
        return (isSame, said);
    }

    /// <summary>All rows of a table, as text, in a fixed order.</summary>
    public async Task<List<string>> Rows(string table)
    {
        await using var connection = await Ledger.Test.Open(Ledger.Test.Owner);
        await using var command = new Npgsql.NpgsqlCommand(
            $"select t::text from {table} as t order by 1", connection);
        await using var rows = await command.ExecuteReaderAsync();
        var texts = new List<string>();
        while (await rows.ReadAsync()) texts.Add(rows.GetString(0));
        return texts;
    }

    public async Task<string> Everything()
    {
        var all = new List<string>();
        foreach (var table in Tables) all.AddRange((await Rows(table)).Select(row => $"{table} {row}"));
        return string.Join('\n', all);
    }

    public Task<T> Ask<T>(string sql) => Ledger.Test.Ask<T>(Ledger.Test.Owner, sql);

    public Task Do(string sql) => Ledger.Test.Do(Ledger.Test.Owner, sql);

    public async ValueTask DisposeAsync()
    {
        Models.Dispose();
        await Ledger.DisposeAsync();
    }

    /// <summary>A random history of all that can happen.</summary>
    public static History History(int seed, int moves = 150)
    {
        var (random, history) = (new Random(seed), new History());
        for (var step = 0; step < moves; step++)
            history.Do(new(
                (Doing)random.Next((int)Doing.Wait + 1), random.Next(1_000_000), random.Next(1_000_000)));
        return history;
    }

    public static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
