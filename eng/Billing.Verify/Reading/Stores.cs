using System.Text.Json;
using Billing.LocalTools;
using Npgsql;

namespace Billing.Verify.Reading;

/// <summary>The databases of the running services, opened as staff: all tenants, reading only.</summary>
internal sealed class Stores(RunningInstallation running) : IAsyncDisposable
{
    public const string Ingestion = "ingestion", Pricing = "pricing", Ledger = "ledger";

    private readonly Dictionary<string, NpgsqlDataSource> sources = new(StringComparer.Ordinal);

    public RunningInstallation Running => running;

    /// <summary>Rows of a query, each read by <paramref name="read"/>.</summary>
    public async Task<List<T>> Rows<T>(
        string service, string sql, Func<NpgsqlDataReader, T> read, CancellationToken cancellation,
        params object[] parameters)
    {
        await using var command = Of(service).CreateCommand(sql);
        command.CommandTimeout = 300;
        foreach (var parameter in parameters) command.Parameters.Add(new() { Value = parameter });
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        var list = new List<T>();
        while (await rows.ReadAsync(cancellation)) list.Add(read(rows));

        return list;
    }

    public async Task<T> One<T>(string service, string sql, CancellationToken cancellation, params object[] parameters) =>
        (await Rows(service, sql, row => row.GetFieldValue<T>(0), cancellation, parameters)).Single();

    /// <summary>Facts that a service has sent, by lane and number.</summary>
    public Task<List<StoredFact>> Facts(string service, string topic, CancellationToken cancellation) => Rows(
        service,
        "select lane, number, fact_id, wire_name, body from sent_facts where topic = $1 order by lane, number",
        row => new StoredFact(
            row.GetInt32(0), row.GetInt64(1), row.GetGuid(2), row.GetString(3),
            Parse(row.GetFieldValue<byte[]>(4))),
        cancellation, topic);

    /// <summary>Of what could not be applied or has to wait: the facts' ids.</summary>
    public async Task<HashSet<Guid>> Parked(string service, CancellationToken cancellation) =>
        [.. await Rows(
            service, "select fact_id from parked_facts where fact_id is not null", row => row.GetGuid(0),
            cancellation)];

    public static JsonElement Parse(byte[] body)
    {
        using var json = JsonDocument.Parse(body);
        return json.RootElement.Clone();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var source in sources.Values) await source.DisposeAsync();
    }

    private NpgsqlDataSource Of(string service)
    {
        if (!sources.TryGetValue(service, out var source))
            sources.Add(service, source = NpgsqlDataSource.Create(
                running.Staff(service) + ";Application Name=billing-verify;Maximum Pool Size=4"));
        return source;
    }
}
