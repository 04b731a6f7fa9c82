using Billing.Contracts;
using Billing.LocalTools;
using Billing.ServiceDefaults;
using Billing.Testbed;
using Microsoft.Extensions.Configuration;

namespace Billing.Services.Tests;

/// <summary>
/// All six services on one PostgreSQL and one broker, migrated, started and ready; once for all tests.
/// </summary>
[SetUpFixture]
public class AllServices
{
    private static readonly Dictionary<string, RunningService> Running = [];
    private static readonly List<TestDatabase> Databases = [];
    private static readonly string Data = Directory.CreateTempSubdirectory("billing-services-").FullName;
    private static readonly DevelopmentKey Key = DevelopmentIssuer.LoadOrCreate(Data);
    private static EmbeddedBroker _broker = null!;

    internal static RunningService Of(string service) => Running[service];

    internal static Dictionary<string, string> Environment { get; } = [];

    /// <summary>What the AppHost would give to all of them; each program takes what it knows.</summary>
    [OneTimeSetUp]
    public async Task Up()
    {
        _broker = await Brokers.StartEmbedded();
        Set($"ConnectionStrings:{Resources.Kafka}", _broker.BootstrapServers);
        Set(Authentication.IssuerKey, DevelopmentIssuer.Issuer);
        Set(Authentication.AudienceKey, DevelopmentIssuer.Audience);
        Set(Authentication.KeysKey, Key.Jwks);
        Set("RateLimits:Interactive:Permits", "100000");
        Set("RateLimits:Anonymous:Permits", "100000");
        foreach (var service in Resources.Services)
        {
            var database = await TestDatabase.Prepare(service);
            Databases.Add(database);
            foreach (var (name, value) in database.Configuration.GetSection("ConnectionStrings")
                .AsEnumerable(true))
                Set($"ConnectionStrings:{name}", value!);
        }

        foreach (var service in Resources.Services)
        {
            var (code, errors) = await RunningService.RunToEnd(service, ["migrate"], Environment);
            code.ShouldBe(0, errors);
        }
        // The Console last: it is told where the others are.
        foreach (var service in Resources.Services)
        {
            Running[service] = RunningService.Start(service, Environment);
            Set($"services:{service}:http:0", Running[service].Client.BaseAddress!.ToString());
        }
        await Task.WhenAll(Running.Values.Select(service => service.IsReady()));
    }

    [OneTimeTearDown]
    public async Task Down()
    {
        await Task.WhenAll(Running.Values.Select(service => service.DisposeAsync().AsTask()));
        foreach (var database in Databases) await database.DisposeAsync();
        if (_broker is not null) await _broker.DisposeAsync();
        Directory.Delete(Data, recursive: true);
    }

    internal static string Token(string role, string? tenant = null) =>
        Key.Token(role, tenant, TimeProvider.System.GetUtcNow(), TimeSpan.FromMinutes(30));

    private static void Set(string key, string value) => Environment[key.Replace(":", "__")] = value;
}
