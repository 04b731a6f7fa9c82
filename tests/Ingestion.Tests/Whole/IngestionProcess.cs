using Billing.Contracts;
using Billing.LocalTools;
using Billing.ServiceDefaults;
using Billing.Testbed;
using Microsoft.Extensions.Configuration;

namespace Billing.Ingestion.Tests.Whole;

/// <summary>
/// A program of the product or of the tests, started as the AppHost starts it, any number of times on one
/// database and one broker.
/// </summary>
internal sealed class Installed : IAsyncDisposable
{
    private readonly string program;
    private readonly TestDatabase database;
    private readonly Dictionary<string, string> environment = [];

    private Installed(string program, string service, TestDatabase database, string bootstrapServers)
    {
        (this.program, this.database) = (program, database);
        Set($"ConnectionStrings:{Resources.Kafka}", bootstrapServers);
        Set(Authentication.IssuerKey, DevelopmentIssuer.Issuer);
        Set(Authentication.AudienceKey, DevelopmentIssuer.Audience);
        Set(Authentication.KeysKey, Key.Value.Jwks);
        Set("RateLimits:Interactive:Permits", "100000000");
        Set("Shutdown:Drain", "00:00:00");
        // A killed member holds its partitions for so long.
        Set("Kafka:SessionTimeoutMs", "3000");
        Set("Relay:Lease", "00:00:02");
        // These live for seconds: what starts soonest is best, not what is fastest in the long run.
        Set("DOTNET_TC_QuickJit", "1");
        foreach (var (name, value) in database.Configuration.GetSection("ConnectionStrings").AsEnumerable(true))
            Set($"ConnectionStrings:{name}", value!);
        Service = service;
    }

    private static Lazy<DevelopmentKey> Key { get; } = new(() =>
        DevelopmentIssuer.LoadOrCreate(Directory.CreateTempSubdirectory("billing-keys-").FullName));

    public string Service { get; }

    /// <summary>Migrated, not started.</summary>
    /// <param name="project">From the root: <c>services/Ingestion</c>.</param>
    public static async Task<Installed> On(string bootstrapServers, string project, string service)
    {
        var installed = new Installed(
            Programs.Path(project), service, await TestDatabase.Prepare(service), bootstrapServers);
        await installed.Migrate();
        return installed;
    }

    public static string Token(string role, string? tenant = null) =>
        Key.Value.Token(role, tenant, TimeProvider.System.GetUtcNow(), TimeSpan.FromMinutes(30));

    /// <summary>What the AppHost does when the embedded broker has a new address.</summary>
    public void Moved(string bootstrapServers) => Set($"ConnectionStrings:{Resources.Kafka}", bootstrapServers);

    /// <summary>Database, roles, tables and topics; harmless when they are there.</summary>
    public async Task Migrate()
    {
        await using var migration = OwnedProcess.Start("/usr/bin/env", [.. Variables, program, "migrate"]);
        await Eventually.Is(
            () => migration.HasExited, TimeSpan.FromMinutes(1), $"{Service} is migrated: {migration.Said}");
    }

    public RunningProgram Start()
    {
        var address = $"http://127.0.0.1:{FreePort.Find()}";
        return new(
            Service,
            OwnedProcess.Start("/usr/bin/env", [.. Variables, $"ASPNETCORE_URLS={address}", program]),
            new(address));
    }

    public Task<T> Ask<T>(string sql) => database.Ask<T>(database.Admin, sql);

    public Task Do(string sql) => database.Do(database.Admin, sql);

    public ValueTask DisposeAsync() => database.DisposeAsync();

    private IEnumerable<string> Variables => environment.Select(variable => $"{variable.Key}={variable.Value}");

    private void Set(string key, string value) => environment[key.Replace(":", "__")] = value;
}

/// <summary>One process of it.</summary>
internal sealed class RunningProgram(string name, OwnedProcess process, Uri address) : IAsyncDisposable
{
    public HttpClient Client { get; } = new(new SocketsHttpHandler
    {
        MaxConnectionsPerServer = 64,
        // A second is not enough on a busy machine: the body would go where it is not read any more.
        Expect100ContinueTimeout = TimeSpan.FromMinutes(1),
    })
    {
        BaseAddress = address,
    };

    public string Said => process.Said;

    public async Task IsReady()
    {
        var last = "no answer";
        await Eventually.Is(
            async () =>
            {
                if (process.HasExited) Assert.Fail($"{name} has ended: {Said}");
                var answer = await Client.GetAsync(Health.ReadyRoute);
                last = await answer.Content.ReadAsStringAsync();
                return answer.IsSuccessStatusCode;
            },
            TimeSpan.FromMinutes(1), $"{name} is ready ({last})");
    }

    /// <summary>SIGKILL.</summary>
    public Task Kill() => process.Kill();

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await process.DisposeAsync();
    }
}
