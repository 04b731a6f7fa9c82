using Npgsql;

namespace Wolverine.Postgresql;

/// <summary>What else may be said of the storage; nothing here.</summary>
public interface IPostgresqlBackedPersistence;

public static class PostgresqlConfigurationExtensions
{
    /// <summary>Stores messages in that database, in tables of that schema (<c>wolverine</c>).</summary>
    /// <exception cref="ArgumentOutOfRangeException">The schema's name would need quotes.</exception>
    public static IPostgresqlBackedPersistence PersistMessagesWithPostgresql(
        this WolverineOptions options, string connectionString, string? schemaName = null)
    {
        var schema = Name(options, schemaName);
        options.Storage = (_, _) =>
            new PostgresqlMessageStore(NpgsqlDataSource.Create(connectionString), schema, owned: true);
        return new Said();
    }

    public static IPostgresqlBackedPersistence PersistMessagesWithPostgresql(
        this WolverineOptions options, NpgsqlDataSource dataSource, string? schemaName = null)
    {
        var schema = Name(options, schemaName);
        options.Storage = (_, _) => new PostgresqlMessageStore(dataSource, schema);
        return new Said();
    }

    internal static string Name(WolverineOptions options, string? schemaName) =>
        Schema.Checked(schemaName ?? options.Durability.MessageStorageSchemaName ?? Schema.Default);

    private sealed class Said : IPostgresqlBackedPersistence;
}
