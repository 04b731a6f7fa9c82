using Npgsql;
using Source = Marten.Events.Projections.ProjectionOptions.Source;

namespace Marten.AsyncDaemon;

/// <summary>Takes back what a projection wrote, progress and all, in one transaction.</summary>
internal sealed class Teardown(StoreParts parts)
{
    public async Task Run(Source source, CancellationToken token)
    {
        await using var connection = await parts.Options.DataSource!.OpenConnectionAsync(token);
        await using var transaction = await connection.BeginTransactionAsync(token);
        foreach (var table in Tables(source))
        {
            await using var delete = new NpgsqlCommand($"delete from {table}", connection, transaction);
            await delete.ExecuteNonQueryAsync(token);
        }

        await using var forget = Forgetting(connection, source);
        await forget.ExecuteNonQueryAsync(token);
        await transaction.CommitAsync(token);
    }

    /// <summary>An inline projection has no progress to go on from.</summary>
    public async Task Forget(Source source)
    {
        await using var connection = await parts.Options.DataSource!.OpenConnectionAsync();
        await using var forget = Forgetting(connection, source);
        await forget.ExecuteNonQueryAsync();
    }

    private IEnumerable<string> Tables(Source source)
    {
        var options = source.Settings.Options;
        if (!options.TeardownDataOnRebuild) yield break;

        if (source.Projection is Events.Aggregation.IStoresDocuments stores)
            yield return parts.Table(stores.DocumentType).Name;
        foreach (var type in options.ViewsToEmpty) yield return parts.Table(type).Name;
        foreach (var table in options.TablesToEmpty)
            yield return table.Contains('.', StringComparison.Ordinal)
                ? table : $"{TableNames.Quote(parts.Names.DocumentSchema)}.{table}";
    }

    private NpgsqlCommand Forgetting(NpgsqlConnection connection, Source source)
    {
        var command = new NpgsqlCommand($"delete from {parts.Names.Progression} where name = $1", connection);
        command.Parameters.Add(new() { Value = source.Shard.Identity });

        return command;
    }
}
