using Microsoft.Extensions.Logging;
using Npgsql;

namespace Billing.ServiceDefaults.Database;

/// <summary>
/// Applies steps that have not been applied, each in one transaction with the row that says so.
/// </summary>
internal static class Schema
{
    private const string Table =
        """
        create table if not exists billing_migrations (
            name       text        primary key,
            checksum   text        not null,
            applied_at timestamptz not null default now()
        )
        """;

    public static async Task Update(
        NpgsqlConnection connection, IReadOnlyList<DatabaseRole> roles, IReadOnlyList<MigrationFile> files,
        ILogger logger, CancellationToken cancellation)
    {
        await using var make = new NpgsqlCommand(Table, connection);
        await make.ExecuteNonQueryAsync(cancellation);

        var applied = await Applied(connection, cancellation);
        if (WhatIsWrong(applied, files) is { } sentence) throw new CannotStartException(sentence);

        foreach (var file in files.Where(file => !applied.ContainsKey(file.Name)))
        {
            await Apply(connection, file, roles, cancellation);
            logger.LogInformation("Applied {Migration}", file.Name);
        }
    }

    /// <summary>Name → checksum.</summary>
    public static async Task<IReadOnlyDictionary<string, string>> Applied(
        NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var select =
            new NpgsqlCommand("select name, checksum from billing_migrations", connection);
        await using var rows = await select.ExecuteReaderAsync(cancellation);
        var applied = new Dictionary<string, string>(StringComparer.Ordinal);
        while (await rows.ReadAsync(cancellation)) applied.Add(rows.GetString(0), rows.GetString(1));

        return applied;
    }

    /// <summary>Null when what was applied is the beginning of what there is to apply.</summary>
    internal static string? WhatIsWrong(
        IReadOnlyDictionary<string, string> applied, IReadOnlyList<MigrationFile> files)
    {
        var known = files.ToDictionary(file => file.Name, StringComparer.Ordinal);
        foreach (var (name, checksum) in applied.OrderBy(row => row.Key, StringComparer.Ordinal))
        {
            if (!known.TryGetValue(name, out var file))
                return $"The database has the migration {name}, which this version does not know: "
                    + "it is of a newer one.";
            if (file.Checksum != checksum)
                return $"The migration {name} was changed after it had been applied: "
                    + "undo that and add a new one.";
        }

        foreach (var kind in files.GroupBy(file => file.IsCommon))
            if (kind.SkipWhile(file => applied.ContainsKey(file.Name)).FirstOrDefault() is { } first
                && kind.LastOrDefault(file => applied.ContainsKey(file.Name)) is { } last
                && string.CompareOrdinal(last.Name, first.Name) > 0)
                return $"The migration {first.Name} is new but comes before {last.Name}, which has been "
                    + "applied: give it the next number.";

        return null;
    }

    private static async Task Apply(
        NpgsqlConnection connection, MigrationFile file, IReadOnlyList<DatabaseRole> roles,
        CancellationToken cancellation)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        try
        {
            await using var statements =
                new NpgsqlCommand(file.For(roles), connection, transaction) { CommandTimeout = 0 };
            await statements.ExecuteNonQueryAsync(cancellation);
        }
        catch (PostgresException failed)
        {
            throw new CannotStartException(
                $"The migration {file.Name} failed: {failed.MessageText} ({failed.SqlState}).", failed);
        }

        await using var row = new NpgsqlCommand(
            "insert into billing_migrations (name, checksum) values ($1, $2)", connection, transaction)
        {
            Parameters = { new() { Value = file.Name }, new() { Value = file.Checksum } },
        };
        await row.ExecuteNonQueryAsync(cancellation);
        await transaction.CommitAsync(cancellation);
    }
}
