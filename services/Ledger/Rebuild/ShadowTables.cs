using Billing.Ledger.Projections;
using Npgsql;

namespace Billing.Ledger.Rebuild;

/// <summary>
/// The tables that are filled while questions read the others. They have a schema of their own, which the
/// rebuild's connections look into first, so that the same statements write them.
/// </summary>
internal sealed class ShadowTables(IReadOnlyList<IReadModel> models, NpgsqlConnection owner)
{
    public const string SearchPath = "rebuild, public";

    private const string Again =
        """
        drop schema if exists rebuild cascade;
        drop schema if exists rebuild_replaced cascade;
        create schema rebuild;
        create schema rebuild_replaced;
        create table rebuild.ledger_models (like public.ledger_models including all);
        """;

    public IReadOnlyList<string> Names { get; } = [.. models.SelectMany(model => model.Tables)];

    /// <summary>What a rebuild that did not come to its end has left behind goes first.</summary>
    public async Task Make(CancellationToken cancellation)
    {
        await Run(Again, cancellation);
        foreach (var model in models)
            await Run("insert into rebuild.ledger_models (name) values ($1)", cancellation, model.Name);
        foreach (var table in Names) await Run("select ledger_make_shadow($1::name)", cancellation, table);
    }

    /// <summary>Indexes, rights, and what the planner has to know.</summary>
    public async Task Finish(string table, CancellationToken cancellation)
    {
        await Run("select ledger_finish_shadow($1::name)", cancellation, table);
        await Run($"analyze rebuild.{table}", cancellation);
    }

    /// <summary>In the transaction that has the read models locked.</summary>
    /// <param name="kept">Tables of which the old rows are kept for people to look at.</param>
    public async Task Swap(IReadOnlySet<string> kept, CancellationToken cancellation)
    {
        await Run("drop view public.journal", cancellation);
        foreach (var table in Names)
            await Run("select ledger_swap_shadow($1::name, $2)", cancellation, table, kept.Contains(table));
        await Run("select ledger_make_journal()", cancellation);
        await Run(
            """
            update public.ledger_models as live
            set position = made.position, stopped_before = null, stopped_because = null
            from rebuild.ledger_models as made where made.name = live.name
            """, cancellation);
    }

    public Task Remove(CancellationToken cancellation) => Run("drop schema rebuild cascade", cancellation);

    private async Task Run(string sql, CancellationToken cancellation, params object[] values)
    {
        await using var command = new NpgsqlCommand(sql, owner) { CommandTimeout = 0 };
        foreach (var value in values) command.Parameters.Add(new() { Value = value });
        await command.ExecuteNonQueryAsync(cancellation);
    }
}
