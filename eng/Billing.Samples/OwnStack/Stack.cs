using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Billing.Contracts;
using Billing.LocalTools;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Npgsql;

namespace Billing.Samples.OwnStack;

/// <summary>
/// PostgreSQL, a broker, Ingestion, Pricing and the Ledger as processes of their own, on a data folder and ports of their
/// own, all removed at the end. Any of them can be killed and started again.
/// </summary>
internal sealed class Stack : IAsyncDisposable
{
    public const string Postgres = "postgres", Kafka = "kafka";

    private static readonly (string Name, string Program)[] Pipeline =
        [(Resources.Ingestion, "Ingestion"), (Resources.Pricing, "Pricing"), (Resources.Ledger, "Ledger")];

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private readonly Dictionary<string, StackProcess> processes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> ports = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> secrets = new(StringComparer.Ordinal);
    private readonly bool hasSettableClock;
    private readonly LocalKafka? realKafka;
    private LocalPostgres postgres = null!;

    private Stack(string folder, bool hasSettableClock, bool isEmbedded)
    {
        (Folder, this.hasSettableClock) = (folder, hasSettableClock);
        if (!isEmbedded && KafkaBinaries.Find(out _) is { } binaries)
            realKafka = LocalKafka.Prepare(binaries, Path.Combine(folder, "kafka"), _ => { });
    }

    public string Folder { get; }

    /// <summary>What a person may kill, in the order in which it was started.</summary>
    public static IReadOnlyList<string> All { get; } = [Postgres, Kafka, .. Pipeline.Select(service => service.Name)];

    public bool IsKafkaEmbedded => realKafka is null;

    /// <summary>Services that can have their clock set and be asked.</summary>
    public static IReadOnlyList<string> Services { get; } = [.. Pipeline.Select(service => service.Name)];

    public bool HasEnded(string name) => processes[name].HasExited;

    public RunningInstallation Running => RunningInstallation.On(Folder);

    /// <param name="isEmbedded">False: Apache Kafka where there is one, in the process environment's way.</param>
    public static async Task<Stack> Start(
        string folder, bool hasSettableClock, bool isEmbedded, CancellationToken cancellation)
    {
        Directory.CreateDirectory(folder);
        // PostgreSQL may run as another user.
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(folder, (UnixFileMode)0b111_101_101);
        var stack = new Stack(folder, hasSettableClock, isEmbedded);
        try
        {
            stack.Prepare();
            await Task.WhenAll(
                stack.StartAgain(Postgres, cancellation), stack.StartAgain(Kafka, cancellation));
            await Task.WhenAll(Pipeline.Select(service => stack.Migrate(service.Name, cancellation)));
            await Task.WhenAll(Pipeline.Select(service => stack.StartAgain(service.Name, cancellation)));
            stack.WriteNote();
            return stack;
        }
        catch
        {
            await stack.DisposeAsync();
            throw;
        }
    }

    public Task Kill(string name) => processes[name].Kill();

    /// <summary>Done when it is of use.</summary>
    public async Task StartAgain(string name, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        processes[name] = Launch(name);
        while (!await IsReady(name, cancellation))
        {
            if (clock.Elapsed > Patience)
                throw new PreparationFailed($"{name} does not get ready. It said: {processes[name].Said}");

            // PostgreSQL does not start while processes of a killed one are still ending.
            if (processes[name].HasExited) processes[name] = Launch(name);
            await Task.Delay(Pause, cancellation);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var (name, _) in Pipeline)
            if (processes.TryGetValue(name, out var service)) await service.DisposeAsync();
        foreach (var name in new[] { Kafka, Postgres })
            if (processes.TryGetValue(name, out var server)) await server.DisposeAsync();
        LocalPostgres.Delete(Path.Combine(Folder, Postgres));
        Directory.Delete(Folder, recursive: true);
    }

    private void Prepare()
    {
        var binaries = PostgresBinaries.Find(out var why) ?? throw new PreparationFailed(why);
        postgres = LocalPostgres.Prepare(binaries, Path.Combine(Folder, Postgres), Secret(Postgres), _ => { });
        foreach (var name in All) ports[name] = FreePort.Find();
        foreach (var (service, _) in Pipeline)
            foreach (var role in DatabaseRoles.All) _ = Secret(Resources.Connection(service, role));
        File.WriteAllText(Path.Combine(Folder, "secrets.json"), JsonSerializer.Serialize(secrets));
    }

    private StackProcess Launch(string name)
    {
        var logs = Path.Combine(Folder, "logs");
        switch (name)
        {
            case Postgres:
                var (command, arguments) = postgres.StartCommand(ports[Postgres]);
                return StackProcess.Start(name, logs, command, arguments, []);
            case Kafka when realKafka is not null:
                var (java, options) = realKafka.StartCommand(ports[Kafka]);
                return StackProcess.Start(name, logs, java, options, []);
            case Kafka:
                File.Delete(AddressFile);
                return StackProcess.Start(
                    name, logs, Program("eng/Billing.Broker", "Billing.Broker"), ["--address-file", AddressFile], []);
            default:
                return StackProcess.Start(
                    name, logs, ProgramOf(name), [], [.. EnvironmentOf(name), .. Web(name)]);
        }
    }

    private async Task<bool> IsReady(string name, CancellationToken cancellation)
    {
        try
        {
            switch (name)
            {
                case Postgres:
                    await using (var connection = new NpgsqlConnection($"{Admin};Database=postgres;Pooling=false;Timeout=2"))
                        await connection.OpenAsync(cancellation);
                    return true;
                case Kafka:
                    return (realKafka is not null || File.Exists(AddressFile)) && MakeTopics();
                default:
                    using (var client = new HttpClient { Timeout = TimeSpan.FromSeconds(2) })
                    using (var answer = await client.GetAsync(new Uri(Address(name), "/health/ready"), cancellation))
                        return answer.IsSuccessStatusCode;
            }
        }
        catch (Exception notYet) when (notYet is NpgsqlException or HttpRequestException or KafkaException
            or TaskCanceledException { InnerException: TimeoutException })
        {
            return false;
        }
    }

    // Services make the topics they own when they migrate; of those that are not in this stack nobody would. The
    // embedded broker makes all by itself.
    private bool MakeTopics()
    {
        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = Bootstrap })
            .SetLogHandler((_, _) => { }).Build();
        var known = admin.GetMetadata(TimeSpan.FromSeconds(2)).Topics.Select(topic => topic.Topic).ToHashSet();
        var missing = Topics.All.Where(topic => !known.Contains(topic.Name)).ToList();
        if (realKafka is not null && missing.Count > 0)
            admin.CreateTopicsAsync(missing.Select(topic => new TopicSpecification
            {
                Name = topic.Name,
                NumPartitions = topic.Partitions,
                ReplicationFactor = 1,
            })).GetAwaiter().GetResult();
        return true;
    }

    private async Task Migrate(string service, CancellationToken cancellation)
    {
        await using var run = StackProcess.Start(
            $"{service}-migrations", Path.Combine(Folder, "logs"), ProgramOf(service), ["migrate"],
            [.. EnvironmentOf(service), new($"ConnectionStrings__{service}", $"{Admin};Database={Resources.Database(service)}"),
                Role(service, DatabaseRoles.Owner)]);
        if (await run.Ends(cancellation) is not 0 and var code)
            throw new PreparationFailed($"migrating {service} ended with exit code {code}. It said: {run.Said}");
    }

    private IEnumerable<KeyValuePair<string, string>> EnvironmentOf(string service) =>
    [
        new("DOTNET_ENVIRONMENT", "Development"),
        new("ASPNETCORE_ENVIRONMENT", "Development"),
        new("ConnectionStrings__kafka", Bootstrap),
        .. IsKafkaEmbedded ? [EmbeddedKafka.FetchWait] : Array.Empty<KeyValuePair<string, string>>(),
        .. DatabaseRoles.All.Where(role => role != DatabaseRoles.Owner).Select(role => Role(service, role)),
    ];

    private IEnumerable<KeyValuePair<string, string>> Web(string service) =>
    [
        new("ASPNETCORE_URLS", Address(service).ToString().TrimEnd('/')),
        new("Authentication__Issuer", DevelopmentIssuer.Issuer),
        new("Authentication__Audience", DevelopmentIssuer.Audience),
        new("Authentication__Keys", DevelopmentIssuer.LoadOrCreate(Folder).Jwks),
        new("Clock__IsSettable", hasSettableClock ? "true" : "false"),
    ];

    private KeyValuePair<string, string> Role(string service, string role) => new(
        $"ConnectionStrings__{Resources.Connection(service, role)}",
        $"{Server};Username={Resources.Role(service, role)};Password={Secret(Resources.Connection(service, role))};"
        + $"Database={Resources.Database(service)}");

    private string Server => string.Create(CultureInfo.InvariantCulture, $"Host=127.0.0.1;Port={ports[Postgres]}");

    private string Admin => $"{Server};Username={LocalPostgres.Administrator};Password={Secret(Postgres)}";

    /// <summary>For what no role of the product may do.</summary>
    public string AdminOf(string service) => $"{Admin};Database={Resources.Database(service)}";

    private string AddressFile => Path.Combine(Folder, "kafka-address");

    private string Bootstrap => realKafka is null
        ? File.ReadAllText(AddressFile).Trim()
        : string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{ports[Kafka]}");

    private Uri Address(string service) =>
        new(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{ports[service]}"));

    private string Secret(string name)
    {
        lock (secrets)
        {
            if (!secrets.TryGetValue(name, out var secret))
                secrets.Add(name, secret = RandomNumberGenerator.GetHexString(32, lowercase: true));
            return secret;
        }
    }

    private void WriteNote() => File.WriteAllText(Path.Combine(Folder, "running.json"), JsonSerializer.Serialize(new
    {
        pid = Environment.ProcessId,
        services = Pipeline.ToDictionary(service => service.Name, service => new { http = Address(service.Name) }),
        infrastructure = new[] { IsKafkaEmbedded ? "kafka: embedded" : "kafka: binaries" },
        postgres = Server,
        kafka = Bootstrap,
    }));

    private static string ProgramOf(string service)
    {
        var name = Pipeline.Single(one => one.Name == service).Program;
        return Program($"services/{name}", name);
    }

    // As the build made them that made this program.
    private static string Program(string folder, string name)
    {
        var framework = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd('/'));
        var program = Path.Combine(Checkout.Root, folder, "bin", framework.Parent!.Name, framework.Name, name);
        return File.Exists(program) ? program : throw new PreparationFailed($"{program} is not built: ./billing up builds it.");
    }
}
