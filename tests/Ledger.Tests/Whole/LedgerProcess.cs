using Billing.Contracts;
using Billing.LocalTools;
using Billing.ServiceDefaults;
using Billing.Testbed;
using Microsoft.Extensions.Configuration;

namespace Billing.Ledger.Tests;

/// <summary>The Ledger in a process of its own, any number of times on one database and one broker.</summary>
internal sealed class LedgerProcess(LedgerDatabase ledger, string bootstrapServers)
{
    private readonly DevelopmentKey _key = DevelopmentIssuer.LoadOrCreate(
        Directory.CreateTempSubdirectory("billing-keys-").FullName);

    /// <param name="diesAt">A point and the pass: <c>EventsAppended 2</c>; null: it lives.</param>
    public OwnedProcess Start(string? diesAt = null)
    {
        var environment = new Dictionary<string, string>
        {
            [$"ConnectionStrings:{Resources.Kafka}"] = bootstrapServers,
            [Authentication.IssuerKey] = DevelopmentIssuer.Issuer,
            [Authentication.AudienceKey] = DevelopmentIssuer.Audience,
            [Authentication.KeysKey] = _key.Jwks,
            ["Shutdown:Drain"] = "00:00:00",
            // The embedded broker allows this little; a killed member holds its partitions for so long.
            ["Kafka:SessionTimeoutMs"] = "1500",
            ["ASPNETCORE_URLS"] = $"http://127.0.0.1:{FreePort.Find()}",
            ["LEDGER_DIES_AT"] = diesAt ?? "",
        };
        var connections = ledger.Test.Configuration.GetSection("ConnectionStrings");
        foreach (var (name, value) in connections.AsEnumerable(makePathsRelative: true))
            if (value is not null) environment[$"ConnectionStrings:{name}"] = value;

        return OwnedProcess.Start("/usr/bin/env",
        [
            .. environment.Select(variable => $"{variable.Key.Replace(":", "__")}={variable.Value}"),
            Programs.Path("tests/LedgerHost"),
        ]);
    }
}
