using JasperFx;
using Marten.Documents;
using Npgsql;

namespace Marten.Storage;

/// <summary>
/// The tables as Marten 9 makes them for string stream ids, so that either package can open what the other
/// one made. Only what is missing is made: even "if not exists" takes locks that a writer of another process
/// holds up.
/// </summary>
internal sealed class Schema(StoreParts parts)
{
    // Any number will do that others are unlikely to take.
    private const long Lock = 0x4D_61_72_74_65_6E;

    private TableNames Names => parts.Names;

    public async Task Apply(CancellationToken token)
    {
        await using var connection = await parts.Options.DataSource!.OpenConnectionAsync(token);
        if ((await Missing(connection, token)).Count == 0) return;

        await using var transaction = await connection.BeginTransactionAsync(token);
        await Run(connection, $"select pg_advisory_xact_lock({Lock})", token);
        foreach (var part in await Missing(connection, token)) await Run(connection, part.Sql, token);
        await transaction.CommitAsync(token);
    }

    public string Script() => string.Join('\n', Parts().Select(part => part.Sql)) + "\n";

    private async Task<List<Part>> Missing(NpgsqlConnection connection, CancellationToken token)
    {
        List<Part> parts = [.. Parts()];
        await using var command = new NpgsqlCommand(
            $"select array[{string.Join(", ", parts.Select(part => part.Exists))}]", connection);
        var there = (bool[])(await command.ExecuteScalarAsync(token))!;

        return [.. parts.Where((_, place) => !there[place])];
    }

    private static async Task Run(NpgsqlConnection connection, string sql, CancellationToken token)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(token);
    }

    private IEnumerable<Part> Parts()
    {
        foreach (var schema in new[] { Names.EventSchema, Names.DocumentSchema }.Distinct())
            yield return new(
                $"exists (select from pg_namespace where nspname = {Literal(schema)})",
                $"create schema if not exists {TableNames.Quote(schema)};");

        foreach (var part in Events()) yield return part;
        foreach (var table in parts.Tables) yield return Document(table);
    }

    private IEnumerable<Part> Events()
    {
        yield return Relation(Names.Sequence, $"create sequence if not exists {Names.Sequence};");
        yield return Relation(Names.Streams, $"""
            create table if not exists {Names.Streams} (
                id varchar not null constraint pkey_mt_streams_id primary key,
                type varchar null,
                version bigint null,
                timestamp timestamptz not null default now(),
                created timestamptz not null default now(),
                tenant_id varchar null default '*DEFAULT*',
                is_archived boolean null default false
            );
            """);
        yield return Relation(Names.Events, $"""
            create table if not exists {Names.Events} (
                seq_id bigint not null constraint pkey_mt_events_seq_id primary key,
                id uuid not null,
                stream_id varchar null,
                version bigint not null,
                data jsonb not null,
                bdata bytea null,
                type varchar(500) not null,
                timestamp timestamptz not null default now(),
                tenant_id varchar null default '*DEFAULT*',
                mt_dotnet_type varchar null,
                is_archived boolean null default false,
                constraint fkey_mt_events_stream_id foreign key (stream_id) references {Names.Streams} (id)
            );
            alter sequence {Names.Sequence} owned by {Names.Events}.seq_id;
            """);
        yield return Index("pk_mt_events_stream_and_version", "stream_id, version");
        if (parts.Options.Events.EnableUniqueIndexOnEventId)
            yield return Index("idx_mt_events_event_id", "id");

        var metadata = parts.Options.Events.MetadataConfig;
        if (metadata.CausationIdEnabled) yield return Column("causation_id", "varchar");
        if (metadata.CorrelationIdEnabled) yield return Column("correlation_id", "varchar");
        if (metadata.HeadersEnabled) yield return Column("headers", "jsonb");
        if (metadata.UserNameEnabled) yield return Column("user_name", "varchar");
        yield return Relation(Names.Progression, $"""
            create table if not exists {Names.Progression} (
                name varchar not null constraint pkey_mt_event_progression_name primary key,
                last_seq_id bigint null,
                last_updated timestamptz null default transaction_timestamp()
            );
            """);
    }

    private static Part Document(DocumentTable table) => Relation(table.Name, $"""
        create table if not exists {table.Name} (
            id {table.IdType} not null constraint pkey_{table.ShortName}_id primary key,
            data jsonb not null,
            mt_last_modified timestamptz null default transaction_timestamp(),
            mt_version uuid not null default md5(random()::text || clock_timestamp()::text)::uuid,
            mt_dotnet_type varchar null
        );
        """);

    private Part Index(string name, string columns) => Relation(
        $"{TableNames.Quote(Names.EventSchema)}.{name}",
        $"create unique index if not exists {name} on {Names.Events} ({columns});");

    private Part Column(string name, string type) => new(
        "exists (select from pg_attribute where not attisdropped"
        + $" and attrelid = to_regclass({Literal(Names.Events)}) and attname = {Literal(name)})",
        $"alter table {Names.Events} add column if not exists {name} {type} null;");

    private static Part Relation(string name, string sql) =>
        new($"to_regclass({Literal(name)}) is not null", sql);

    private static string Literal(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";

    /// <param name="Exists">An expression that is true when there is nothing to do.</param>
    private sealed record Part(string Exists, string Sql);
}

internal sealed class MartenStorage(Schema schema) : IMartenStorage
{
    public string ToDatabaseScript() => schema.Script();

    public Task WriteCreationScriptToFile(string filename) =>
        File.WriteAllTextAsync(filename, schema.Script());

    public Task ApplyAllConfiguredChangesToDatabaseAsync(AutoCreate? overrideAutoCreate = null) =>
        overrideAutoCreate == AutoCreate.None ? Task.CompletedTask : schema.Apply(default);
}
