using System.Diagnostics;
using System.Text.Json;
using Marten.Events;
using Marten.Exceptions;
using Marten.Services;
using Npgsql;

namespace Marten.Sessions;

/// <summary>Reads.</summary>
internal class QuerySession : IQuerySession
{
    private readonly DocumentStore store;

    public QuerySession(DocumentStore store, SessionOptions options)
    {
        this.store = store;
        Parts = store.Parts;
        Link = new(store.Parts.Options, options);

        // As the real package fills them, when nothing else is said.
        CorrelationId = Activity.Current?.RootId;
        CausationId = Activity.Current?.ParentId;
    }

    public StoreParts Parts { get; }
    public IDocumentStore DocumentStore => store;
    public virtual IQueryEventStore Events => new EventQueries(this);
    public NpgsqlConnection Connection => Link.Kept;
    public string? CausationId { get; set; }
    public string? CorrelationId { get; set; }
    public string TenantId => "*DEFAULT*";

    protected SessionConnection Link { get; }

    public Task<T?> LoadAsync<T>(string id, CancellationToken token = default)
        where T : notnull => One<T>(id, token);

    public Task<T?> LoadAsync<T>(Guid id, CancellationToken token = default)
        where T : notnull => One<T>(id, token);

    public Task<IReadOnlyList<T>> LoadManyAsync<T>(params string[] ids)
        where T : notnull => LoadManyAsync<T>(default, ids);

    public Task<IReadOnlyList<T>> LoadManyAsync<T>(CancellationToken token, IEnumerable<string> ids)
        where T : notnull => LoadManyAsync<T>(token, ids.ToArray());

    public Task<IReadOnlyList<T>> LoadManyAsync<T>(CancellationToken token, params string[] ids)
        where T : notnull =>
        Many<T>($"select data from {Parts.Table(typeof(T)).Name} where id = any($1)", ids, token);

    /// <summary>Runs one query, with the tables there if this store makes them.</summary>
    public async Task<T> Read<T>(
        string sql, object[] values, Func<NpgsqlDataReader, Task<T>> read, CancellationToken token)
    {
        await store.EnsureSchema(token);
        try
        {
            return await Link.Run(
                async connection =>
                {
                    await using var command = Link.Command(connection, sql);
                    foreach (var value in values) command.Parameters.Add(new() { Value = value });
                    await using var rows = await command.ExecuteReaderAsync(token);

                    return await read(rows);
                },
                token);
        }
        catch (NpgsqlException failure)
        {
            throw new MartenCommandException(failure);
        }
    }

    public void Dispose()
    {
        Link.Dispose();
        GC.SuppressFinalize(this);
    }

    public async ValueTask DisposeAsync()
    {
        await Link.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    private async Task<T?> One<T>(object id, CancellationToken token)
        where T : notnull
    {
        var found = await Many<T>($"select data from {Parts.Table(typeof(T)).Name} where id = $1", id, token);

        return found.Count > 0 ? found[0] : default;
    }

    private Task<IReadOnlyList<T>> Many<T>(string sql, object ids, CancellationToken token) =>
        Read<IReadOnlyList<T>>(
            sql,
            [ids],
            async rows =>
            {
                var found = new List<T>();
                while (await rows.ReadAsync(token))
                    found.Add(JsonSerializer.Deserialize<T>(
                        rows.GetFieldValue<byte[]>(0), Parts.Options.Json)!);

                return found;
            },
            token);
}
