using System.Data;
using Billing.Ledger.Projections;
using Npgsql;

namespace Billing.Ledger.Rebuild;

/// <summary>
/// Makes read models again from the first event on, beside the live ones, compares both, and puts the new
/// ones in their place. Until then nothing live has changed; whoever is killed before leaves only shadows,
/// which the next rebuild removes.
/// </summary>
internal sealed partial class RebuildModels(
    IReadOnlyList<IReadModel> models, NpgsqlDataSource owner, TimeProvider time, Action<string> say)
{
    private const long Near = 5_000;
    private const int Attempts = 60;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    private readonly ReportProgress _report = new(time, say);
    private long _position;

    /// <returns>False where a table differed from what was live.</returns>
    /// <exception cref="RebuildFailedException">Nothing has changed.</exception>
    public async Task<bool> Run(CancellationToken cancellation)
    {
        await using var connection = await owner.OpenConnectionAsync(cancellation);
        if (!await IsAlone(connection, cancellation))
            throw new RebuildFailedException("Another rebuild of the ledger is at work.");

        var shadows = new ShadowTables(models, connection);
        await shadows.Make(cancellation);
        await Load(connection, cancellation);
        foreach (var table in shadows.Names)
        {
            say($"{table}: indexes");
            await shadows.Finish(table, cancellation);
        }

        var fill = new FillShadows([.. Groups().Select(group => new FillAsLive(group))], owner, _report.Took);
        await Follow(fill, connection, cancellation);
        var differing = await Compare(fill, shadows, connection, cancellation);
        await Follow(fill, connection, cancellation);
        await Swap(shadows, differing, connection, cancellation);
        say(differing.Count == 0
            ? $"{_report.Whole(_position)}; the rows were the same."
            : $"{_report.Whole(_position)}; the old rows of {string.Join(", ", differing)} differed and "
                + "are kept in the schema rebuild_replaced.");
        return differing.Count == 0;
    }

    private async Task Load(NpgsqlConnection connection, CancellationToken cancellation)
    {
        List<LoadShadows> loads =
        [
            .. Groups().Select(LoadShadows (group) => group is [ChargesModel charges]
                ? new LoadCharges(charges)
                : new LoadSums(group)),
        ];
        await Follow(new FillShadows(loads, owner, _report.Took), connection, cancellation);
        foreach (var load in loads) await load.Finish(connection, cancellation);
    }

    // Charges are most of what is written, so that they have a connection of their own.
    private IReadOnlyList<IReadOnlyList<IReadModel>> Groups() =>
    [
        .. models.GroupBy(model => model is ChargesModel)
            .Select(IReadOnlyList<IReadModel> (group) => [.. group]),
    ];

    /// <summary>Until what is missing is little.</summary>
    private async Task Follow(FillShadows fill, NpgsqlConnection connection, CancellationToken cancellation)
    {
        while (await Target(connection, cancellation) is var target && target - _position > Near)
        {
            _report.Target = target;
            await fill.UpTo(_position, target, cancellation);
            _position = target;
        }
    }

    private async Task<IReadOnlySet<string>> Compare(
        FillShadows fill, ShadowTables shadows, NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var live = await owner.OpenConnectionAsync(cancellation);
        await using var snapshot = await live.BeginTransactionAsync(
            IsolationLevel.RepeatableRead, cancellation);
        var rows = await LiveRows(live, cancellation);
        var target = rows.Values.Max(row => row.Position);
        await fill.UpTo(_position, target, cancellation);
        _position = target;

        var differing = new HashSet<string>();
        foreach (var model in models)
        {
            if (rows[model.Name].Position < target)
            {
                say($"{model.Name}: was at event {rows[model.Name].Position}, so there is nothing to "
                    + "compare");
                continue;
            }

            foreach (var table in model.Tables)
            {
                var found = await CompareTables.Of(table, live, connection, cancellation);
                if (!found.IsSame) differing.Add(table);
                say(found.IsSame
                    ? $"{table}: {found.Shadow.Rows} rows, the same"
                    : $"{table}: DIFFERS, {found.Live.Rows} rows live, {found.Shadow.Rows} rebuilt; "
                        + found.Difference);
            }
        }

        return differing;
    }

    private static async Task<long> Target(NpgsqlConnection connection, CancellationToken cancellation) =>
        (await LiveRows(connection, cancellation)).Values.Max(row => row.Position);

    private static Task<Dictionary<string, ModelRow>> LiveRows(
        NpgsqlConnection connection, CancellationToken cancellation) =>
        ModelRow.Look(connection, cancellation, "public.ledger_models");

    private static async Task<bool> IsAlone(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            "select pg_try_advisory_lock(hashtextextended('ledger rebuild', 0))", connection);
        return await command.ExecuteScalarAsync(cancellation) is true;
    }
}
