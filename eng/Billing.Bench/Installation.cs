using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json;
using Billing.Contracts;
using Billing.LocalTools;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Npgsql;

namespace Billing.Bench;

/// <summary>A durable PostgreSQL, a broker and, when asked, Ingestion: all its own, all gone at the end.</summary>
internal sealed class Installation : IAsyncDisposable
{
    // As the same build made them that made this program.
    private static readonly string Built = $"bin/{new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name}/net10.0";

    private readonly string _folder;
    private readonly DevelopmentKey _key;
    private RunningPostgres _postgres = null!;
    private RunningKafka? _kafka;
    private ChildProcess? _embedded;

    private Installation(string folder) =>
        (_folder, _key) = (folder, DevelopmentIssuer.LoadOrCreate(folder));

    public string BootstrapServers { get; private set; } = "";

    public bool IsEmbedded => _embedded is not null;

    public int PostgresId => _postgres.ProcessId;

    public int BrokerId => _kafka?.ProcessId ?? _embedded!.Id;

    public static async Task<Installation> Start(Report report, CancellationToken cancellation)
    {
        // Not in /tmp, which may be memory: the disk is part of what is measured.
        var folder = Path.Combine(Checkout.Data, $"bench-{Environment.ProcessId}");
        Directory.CreateDirectory(folder);
        // PostgreSQL may run as another user.
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(folder, (UnixFileMode)0b111_101_101);
        var bench = new Installation(folder);
        try
        {
            await bench.StartPostgres(report, cancellation);
            await bench.StartKafka(report, cancellation);
            report.Machine();
            report.Disk(bench.SynchronousWrite());
            return bench;
        }
        catch
        {
            await bench.DisposeAsync();
            throw;
        }
    }

    /// <summary>An Ingestion with an empty database of its own that knows tenants and a meter.</summary>
    public async Task<RunningIngestion> StartIngestion(CancellationToken cancellation)
    {
        var (process, data, address) = await StartService("Ingestion", Resources.Ingestion, Seed, cancellation);
        return new(process, data, address);
    }

    /// <summary>A service with an empty database of its own.</summary>
    /// <param name="seed">What is in the database before the service starts.</param>
    public async Task<(ChildProcess Process, NpgsqlDataSource Data, Uri Address)> StartService(
        string project, string name, Func<NpgsqlDataSource, CancellationToken, Task>? seed,
        CancellationToken cancellation)
    {
        var (start, data, address) = await PrepareService(project, name, seed, cancellation);
        return (start(), data, address);
    }

    /// <summary>The same, for somebody who starts it when it is time, and perhaps again.</summary>
    public async Task<(Func<ChildProcess> Start, NpgsqlDataSource Data, Uri Address)> PrepareService(
        string project, string name, Func<NpgsqlDataSource, CancellationToken, Task>? seed,
        CancellationToken cancellation)
    {
        var database = $"{name.Replace('-', '_')}_{RandomNumberGenerator.GetHexString(8, lowercase: true)}";
        var admin = new NpgsqlConnectionStringBuilder(_postgres.ConnectionString)
        {
            Database = database,
            PersistSecurityInfo = true, // for whoever reads it from another process
        };
        var port = FreePort.Find();
        var environment = EnvironmentOf(name, admin, port);
        var program = Path.Combine(Checkout.Root, "services", project, Built, project);
        await ChildProcess.Run(program, ["migrate"], environment, cancellation);
        var data = NpgsqlDataSource.Create(admin);
        if (seed is not null) await seed(data, cancellation);

        return (() => ChildProcess.Start(program, [], environment), data, new($"http://127.0.0.1:{port}"));
    }

    /// <summary>For one of the roles: <c>ops</c>, <c>admin</c>.</summary>
    public string Token(string role) =>
        _key.Token(role, null, DateTimeOffset.UtcNow, TimeSpan.FromHours(1));

    /// <summary>A key that may speak for the sources of <see cref="Load"/>.</summary>
    public async Task<string> ApiKey(Uri address, CancellationToken cancellation)
    {
        using var client = new HttpClient { BaseAddress = address };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue(
            "Bearer", Token("admin"));
        using var answer = await client.PostAsJsonAsync(
            "/api/v1/api-keys", new { name = "bench", subject = "bench", sources = Load.Sources }, cancellation);
        answer.EnsureSuccessStatusCode();
        var json = await answer.Content.ReadFromJsonAsync<JsonElement>(cancellation);
        return json.GetProperty("key").GetString()!;
    }

    public async ValueTask DisposeAsync()
    {
        if (_kafka is not null) await _kafka.DisposeAsync();
        if (_embedded is not null) await _embedded.DisposeAsync();
        if (_postgres is not null) await _postgres.DisposeAsync();
        LocalPostgres.Delete(Path.Combine(_folder, "postgres"));
        Directory.Delete(_folder, recursive: true);
    }

    private async Task StartPostgres(Report report, CancellationToken cancellation)
    {
        var binaries = PostgresBinaries.Find(out var why) ?? throw new PreparationFailed(why);
        _postgres = await LocalPostgres
            .Prepare(
                binaries, Path.Combine(_folder, "postgres"), RandomNumberGenerator.GetHexString(32), report.Note)
            .Start(FreePort.Find(), cancellation);
        report.Note($"PostgreSQL {binaries.Version}, fsync and synchronous_commit on");
    }

    private async Task StartKafka(Report report, CancellationToken cancellation)
    {
        if (KafkaBinaries.Find(out _) is { } binaries
            && !string.IsNullOrEmpty(Environment.GetEnvironmentVariable("KAFKA_HOME")))
        {
            var kafka = LocalKafka.Prepare(binaries, Path.Combine(_folder, "kafka"), report.Note);
            _kafka = await kafka.Start(FreePort.Find(), cancellation);
            BootstrapServers = _kafka.BootstrapServers;
            await MakeTopics();
            report.Note($"Apache Kafka ({binaries.Source})");
            return;
        }

        await StartEmbedded(cancellation);
        report.Note("embedded broker (librdkafka's mock cluster, in memory): KAFKA_HOME names a real one");
    }

    /// <summary>Empty, and at another address.</summary>
    public async Task RestartEmbedded(CancellationToken cancellation)
    {
        await _embedded!.DisposeAsync();
        File.Delete(AddressFile);
        await StartEmbedded(cancellation);
    }

    private string AddressFile => Path.Combine(_folder, "broker-address");

    private async Task StartEmbedded(CancellationToken cancellation)
    {
        var file = AddressFile;
        _embedded = ChildProcess.Start(
            Path.Combine(Checkout.Root, "eng/Billing.Broker", Built, "Billing.Broker"), ["--address-file", file],
            new Dictionary<string, string>());
        while (!File.Exists(file))
        {
            if (_embedded.HasExited) throw new BenchFailed($"the embedded broker ended at once: {_embedded.Said}");
            await Task.Delay(20, cancellation);
        }

        BootstrapServers = (await File.ReadAllTextAsync(file, cancellation)).Trim();
    }

    // Each service makes its own topics when it migrates; here only Ingestion does, and it waits for those it reads.
    private async Task MakeTopics()
    {
        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = BootstrapServers }).Build();
        await admin.CreateTopicsAsync(Topics.All.Select(topic => new TopicSpecification
        {
            Name = topic.Name,
            NumPartitions = topic.Partitions,
            ReplicationFactor = 1,
        }));
    }

    private Dictionary<string, string> EnvironmentOf(
        string service, NpgsqlConnectionStringBuilder admin, int port)
    {
        var environment = new Dictionary<string, string>
        {
            ["ConnectionStrings__kafka"] = BootstrapServers,
            [$"ConnectionStrings__{service}"] = admin.ConnectionString,
            // Nobody waits until the one before is found dead.
            ["Kafka__Group"] = admin.Database!,
            ["Shutdown__Drain"] = "00:00:00",
            ["Authentication__Issuer"] = DevelopmentIssuer.Issuer,
            ["Authentication__Audience"] = DevelopmentIssuer.Audience,
            ["Authentication__Keys"] = _key.Jwks,
            ["RateLimits__Producer__Permits"] = "1000000000",
            ["ASPNETCORE_URLS"] = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}"),
            ["ASPNETCORE_ENVIRONMENT"] = "Production",
            ["Logging__LogLevel__Default"] = "Warning",
        };
        if (_kafka is null) environment[EmbeddedKafka.FetchWait.Key] = EmbeddedKafka.FetchWait.Value;
        foreach (var role in DatabaseRoles.All)
            environment[$"ConnectionStrings__{Resources.Connection(service, role)}"] =
                new NpgsqlConnectionStringBuilder(admin.ConnectionString)
                {
                    Username = $"{admin.Database}_{role}",
                    Password = $"{role}-of-the-bench",
                }.ConnectionString;
        return environment;
    }

    // As the catalog would bring them.
    private static async Task Seed(NpgsqlDataSource data, CancellationToken cancellation)
    {
        await using var seed = data.CreateCommand(
            """
            update catalog_state set number = number + 1001, version = version + 1;
            insert into catalog_tenants (tenant_id, number, version)
            select 'tenant-' || to_char(n, 'FM0000'), n + 1, 1 from generate_series(0, 999) n;
            insert into catalog_meters (meter_id, event_type, unit, aggregation, property, filter, number, version)
            values ('storage', 'storage', 'byte', 'sum', 'bytes', '{}', 1001, 1);
            """);
        await seed.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>The median of small synchronous writes, as a commit makes them; at this moment.</summary>
    public TimeSpan SynchronousWrite(int writes = 200)
    {
        var times = new List<TimeSpan>();
        using var file = new FileStream(Path.Combine(_folder, "fsync"), FileMode.Create);
        var page = new byte[4096];
        for (var write = 0; write < writes; write++)
        {
            var clock = System.Diagnostics.Stopwatch.StartNew();
            file.Write(page);
            file.Flush(flushToDisk: true);
            times.Add(clock.Elapsed);
        }

        return times.Order().ElementAt(times.Count / 2);
    }
}

/// <summary>Ingestion, and what its database says about its work.</summary>
internal sealed class RunningIngestion(ChildProcess process, NpgsqlDataSource data, Uri address) : IAsyncDisposable
{
    private const string Progress =
        """
        select coalesce((select sum(received) from usage_counts), 0)::bigint,
            coalesce((select sum(accepted) from usage_counts), 0)::bigint,
            coalesce((select sum(last_number) from sent_lanes), 0)::bigint,
            coalesce((select sum(acknowledged) from relay_marks), 0)::bigint
        """;

    public sealed record State(long Received, long Accepted, long Sent, long Published);

    public int ProcessId => process.Id;

    public string Said => process.Said;

    public Uri Address => address;

    /// <exception cref="BenchFailed">It has ended.</exception>
    public async Task<State> Look(CancellationToken cancellation)
    {
        if (process.HasExited) throw new BenchFailed($"Ingestion ended: {process.Said}");

        await using var command = data.CreateCommand(Progress);
        await using var row = await command.ExecuteReaderAsync(cancellation);
        await row.ReadAsync(cancellation);
        return new(row.GetInt64(0), row.GetInt64(1), row.GetInt64(2), row.GetInt64(3));
    }

    /// <summary>What is really there, row by row.</summary>
    public async Task<(long Keys, long Originals, long Facts)> Count(CancellationToken cancellation)
    {
        await using var command = data.CreateCommand(
            "select (select count(*) from usage_keys), (select count(*) from usage_originals), "
            + "(select count(*) from sent_facts)");
        await using var row = await command.ExecuteReaderAsync(cancellation);
        await row.ReadAsync(cancellation);
        return (row.GetInt64(0), row.GetInt64(1), row.GetInt64(2));
    }

    public async Task UntilReady(CancellationToken cancellation)
    {
        using var client = new HttpClient { BaseAddress = address };
        for (var attempt = 0; ; attempt++)
        {
            if (process.HasExited) throw new BenchFailed($"Ingestion ended at once: {process.Said}");
            if (attempt > 1_200) throw new BenchFailed($"Ingestion does not get ready: {process.Said}");
            try
            {
                using var answer = await client.GetAsync("/health/ready", cancellation);
                if (answer.IsSuccessStatusCode) return;
            }
            catch (HttpRequestException)
            {
                // Not listening yet.
            }

            await Task.Delay(50, cancellation);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await process.DisposeAsync();
        await data.DisposeAsync();
    }
}
