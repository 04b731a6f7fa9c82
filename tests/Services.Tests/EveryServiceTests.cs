using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Billing.Contracts;
using Billing.ServiceDefaults;

namespace Billing.Services.Tests;

/// <summary>What all six programs have in common, tried on each.</summary>
[TestFixtureSource(typeof(Resources), nameof(Resources.Services))]
public class EveryServiceTests(string name)
{
    private RunningService Service => AllServices.Of(name);

    [Test]
    public async Task is_ready_with_its_database_and_Kafka()
    {
        // On a busy machine Kafka's answer may come too late for once.
        await Service.IsReady();
        var report = await Service.Client.GetFromJsonAsync<JsonElement>(Health.ReadyRoute);

        report.GetProperty("checks").EnumerateObject()
            .Select(check => (check.Name, check.Value.GetProperty("status").GetString()))
            .ShouldBe(
                [
                    ("not-stopping", "healthy"), ("kafka", "healthy"), ("database", "healthy"),
                    .. OwnChecks().Select(check => (check, (string?)"healthy")),
                ], ignoreOrder: true);
    }

    private string[] OwnChecks() => name switch
    {
        Resources.Ingestion or Resources.Pricing => ["usage-path"],
        Resources.Ledger => ["usage-path", "read-models"],
        _ => [],
    };

    [Test]
    public async Task says_what_it_is_to_those_it_knows()
    {
        var features = await Service.Client.GetFromJsonAsync<JsonElement>(Meta.FeaturesRoute);
        features.GetProperty("features").EnumerateObject().ShouldAllBe(flag => flag.Value.GetBoolean());

        (await Service.Get(Meta.InfoRoute)).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        var info = await (await Service.Get(Meta.InfoRoute, AllServices.Token("finance")))
            .Content.ReadFromJsonAsync<JsonElement>();
        info.GetProperty("service").GetString().ShouldBe(name);
        info.GetProperty("version").GetString().ShouldNotBeNullOrEmpty();

        var whoami = await (await Service.Get(Meta.WhoamiRoute, AllServices.Token("tenant", "acme")))
            .Content.ReadFromJsonAsync<JsonElement>();
        (whoami.GetProperty("role").GetString(), whoami.GetProperty("tenant").GetString())
            .ShouldBe(("tenant", "acme"));
    }

    [Test]
    public async Task has_nothing_where_there_is_nothing()
    {
        (await Service.Get("/api/v1/nothing")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await Service.Get("/api/v1/nothing", AllServices.Token("admin")))
            .StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await Service.Get("/swagger/index.html"))
            .StatusCode.ShouldBe(HttpStatusCode.NotFound, "only in development");
    }

    [Test]
    public async Task describes_its_HTTP_surface()
    {
        var document = await Service.Client.GetStringAsync("/openapi/v1.json");

        await VerifyNUnit.Verifier.Verify(document.Trim(), "json")
            .UseDirectory("OpenApi").UseFileName(name);
    }

    [Test]
    public async Task migrates_again_without_a_change()
    {
        var (code, errors) = await RunningService.RunToEnd(name, ["migrate"], AllServices.Environment);

        (code, errors).ShouldBe((0, ""));
    }

    [TestCase("migrate", "ConnectionStrings__kafka")]
    [TestCase(null, "ConnectionStrings__kafka")]
    [TestCase(null, "Authentication__Issuer")]
    [TestCase(null, "Authentication__Keys")]
    public async Task stops_with_one_sentence_when_it_misses(string? argument, string variable)
    {
        var environment = new Dictionary<string, string>(AllServices.Environment) { [variable] = "" };

        var (code, errors) = await RunningService.RunToEnd(
            name, argument is null ? [] : [argument], environment);

        code.ShouldBe(1);
        errors.Trim().Split('\n').ShouldHaveSingleItem().ShouldContain(variable);
    }

    [Test]
    public async Task is_told_from_another_process_of_its_kind_and_ends_cleanly_when_asked()
    {
        string instance;
        await using (var second = RunningService.Start(name, AllServices.Environment))
        {
            await second.IsReady();
            instance = await Instance(second);
        }

        instance.ShouldNotBe(await Instance(Service));
    }

    [Test]
    public async Task takes_less_memory_than_its_share()
    {
        await Service.Get(Meta.InfoRoute, AllServices.Token("finance"));

        var megabytes = Resident(Service) / 1024 / 1024;

        TestContext.Out.WriteLine($"{name}: {megabytes} MiB resident");
        megabytes.ShouldBeInRange(10, 200);
    }

    private static async Task<string> Instance(RunningService service) =>
        (await (await service.Get(Meta.InfoRoute, AllServices.Token("finance")))
            .Content.ReadFromJsonAsync<JsonElement>())
            .GetProperty("instance").GetString()!;

    /// <summary>Others of the same program come and go meanwhile; only this one has its address.</summary>
    private static long Resident(RunningService service)
    {
        var address = $"ASPNETCORE_URLS={service.Client.BaseAddress!.ToString().TrimEnd('/')}\0";
        return Process.GetProcessesByName(Path.GetFileName(RunningService.Program(service.Name)))
            .Single(process => VariablesOf(process).Contains(address, StringComparison.Ordinal)).WorkingSet64;
    }

    private static string VariablesOf(Process process)
    {
        try
        {
            return File.ReadAllText($"/proc/{process.Id}/environ");
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
