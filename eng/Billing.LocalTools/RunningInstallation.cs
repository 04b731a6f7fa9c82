using System.Text.Json;

namespace Billing.LocalTools;

/// <summary>
/// The stack that is up on a data folder, as it says itself in running.json; and what its tools may open: databases as
/// the <c>staff</c> role, Kafka, and HTTP with tokens of the development issuer.
/// </summary>
public sealed class RunningInstallation
{
    private const string Note = "running.json";
    private const string KafkaAddress = "kafka-address";

    private readonly JsonElement secrets;
    private readonly string? postgres;
    private readonly string? kafka;

    private RunningInstallation(string data, JsonElement note, JsonElement secrets)
    {
        this.secrets = secrets;
        Data = data;
        ProcessId = note.GetProperty("pid").GetInt32();
        Services = note.GetProperty("services").EnumerateObject()
            .Where(service => service.Value.EnumerateObject().Any())
            .ToDictionary(
                service => service.Name,
                service => new Uri(service.Value.EnumerateObject().First().Value.GetString()!));
        Infrastructure = [.. note.GetProperty("infrastructure").EnumerateArray().Select(line => line.GetString()!)];
        postgres = Text(note, "postgres");
        kafka = Text(note, "kafka");
    }

    public string Data { get; }

    /// <summary>Of the AppHost.</summary>
    public int ProcessId { get; }

    /// <summary>Where each service answers HTTP, by its name.</summary>
    public IReadOnlyDictionary<string, Uri> Services { get; }

    /// <summary>What it runs on, a line each, for people.</summary>
    public IReadOnlyList<string> Infrastructure { get; }

    /// <summary>True: Kafka is the embedded broker, which keeps little and nothing for long.</summary>
    public bool IsKafkaEmbedded =>
        Infrastructure.Any(line => line.StartsWith("kafka: embedded", StringComparison.Ordinal));

    /// <summary>Bootstrap servers. An embedded broker that came back has another address, so ask each time.</summary>
    /// <exception cref="PreparationFailed">The note does not say.</exception>
    public string Kafka
    {
        get
        {
            var file = Path.Combine(Data, KafkaAddress);
            if (IsKafkaEmbedded && File.Exists(file) && File.ReadAllText(file).Trim() is { Length: > 0 } now) return now;

            return kafka ?? throw Unclear("Kafka");
        }
    }

    /// <summary>Null where none is up on the folder.</summary>
    public static RunningInstallation? Find(string data)
    {
        try
        {
            using var note = JsonDocument.Parse(File.ReadAllText(Path.Combine(data, Note)));
            using var secrets = JsonDocument.Parse(File.ReadAllText(Path.Combine(data, "secrets.json")));

            return new(data, note.RootElement, secrets.RootElement.Clone());
        }
        catch (Exception none) when (none is IOException or JsonException or KeyNotFoundException)
        {
            return null;
        }
    }

    /// <exception cref="PreparationFailed">None is up on the folder.</exception>
    public static RunningInstallation On(string data) => Find(data)
        ?? throw new PreparationFailed($"no stack is up on {data}: start one with ./billing up.");

    /// <summary>Opens a service's database as the role that reads all tenants and writes nothing.</summary>
    /// <exception cref="PreparationFailed">The note does not say where, or the password is not there.</exception>
    public string Staff(string service)
    {
        var database = service.Replace('-', '_');
        var password = Text(secrets, $"{service}-staff") ?? throw Unclear($"the password of {database}_staff");

        return $"{postgres ?? throw Unclear("PostgreSQL")};Username={database}_staff;Password={password};"
            + $"Database={database}";
    }

    public DevelopmentKey Key => DevelopmentIssuer.LoadOrCreate(Data);

    private static string? Text(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private PreparationFailed Unclear(string what) =>
        new($"the stack on {Data} does not say {what}: stop it and start it again with ./billing up.");
}
