using Billing.Contracts;
using Billing.Ledger.Tests.Rebuild;
using Billing.LocalTools;
using Billing.ServiceDefaults;
using Billing.Testbed;
using Microsoft.Extensions.Configuration;

namespace Billing.Ledger.Tests.Projections;

/// <summary>The service's own program, which follows the event store by Marten's daemon, killed while it does.</summary>
public class KilledServiceTests
{
    private const int Events = 25_000;

    [Test]
    public async Task killed_in_the_middle_of_pages_it_takes_in_every_event_once()
    {
        var keys = Directory.CreateTempSubdirectory("billing-killed-");
        await using var broker = await Brokers.StartEmbedded();
        await using var side = await ReadSide.Create();
        await ManyCharges.Seed(side, Events);
        var reached = 0L;
        for (var kill = 0; kill < 2; kill++)
        {
            await using var service = Start(side, broker.BootstrapServers, keys.FullName);
            await Reaches(service, Math.Min(reached + 1, Events)); // it may be faster than this test looks
            await service.Kill();
            reached = await Position();
        }

        await using (var service = Start(side, broker.BootstrapServers, keys.FullName))
        {
            await Reaches(service, Events);
            // What is readable is noted after it is, and not at all when the service ends in between.
            await Eventually.Is(async () => await Noted() == Events);
        }

        keys.Delete(recursive: true);

        (await side.Ask<long>("select count(*) from charges")).ShouldBe(Events);
        (await side.Ask<long>("select count(*) from journal")).ShouldBe(2 * Events);
        (await Noted()).ShouldBe(Events);
        var (isSame, said) = await side.Rebuild();
        isSame.ShouldBeTrue(string.Join('\n', said));

        Task<long> Position() => side.Ask<long>("select min(position) from ledger_models");

        Task<long> Noted() => side.Ask<long>("select max(position) from ledger_clock");

        async Task Reaches(OwnedProcess service, long position) => await Eventually.Is(async () => service.HasExited
            ? throw new AssertionException(service.Said)
            : await Position() >= position, TimeSpan.FromMinutes(2));
    }

    private static OwnedProcess Start(ReadSide side, string kafka, string keys)
    {
        var settings = side.Ledger.Test.Configuration.GetSection("ConnectionStrings").AsEnumerable(true)
            .Where(one => one.Value is not null)
            .ToDictionary(one => $"ConnectionStrings__{one.Key}", one => one.Value!);
        settings[$"ConnectionStrings__{Resources.Kafka}"] = kafka;
        settings[Authentication.IssuerKey.Replace(":", "__", StringComparison.Ordinal)] = DevelopmentIssuer.Issuer;
        settings[Authentication.AudienceKey.Replace(":", "__", StringComparison.Ordinal)] = DevelopmentIssuer.Audience;
        settings[Authentication.KeysKey.Replace(":", "__", StringComparison.Ordinal)] =
            DevelopmentIssuer.LoadOrCreate(keys).Jwks;
        settings["ASPNETCORE_URLS"] = $"http://127.0.0.1:{FreePort.Find()}";
        return OwnedProcess.Start(
            "/usr/bin/env",
            [.. settings.Select(one => $"{one.Key}={one.Value}"), Programs.Path("services/Ledger")]);
    }
}
