using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Billing.Cli.Install;
using Billing.LocalTools;

namespace Billing.Cli.Verbs;

/// <summary>Prepares whatever is missing, builds, and becomes the AppHost.</summary>
internal static class Up
{
    /// <summary>What the login link of the dashboard carries.</summary>
    private const string BrowserToken = "AppHost__BrowserToken";

    public static Command Create()
    {
        var postgres = new Option<string?>("--postgres")
        {
            Description = "Takes PostgreSQL from there instead of the first that is found.",
        };
        var kafka = new Option<string?>("--kafka")
        {
            Description = "Takes Kafka from there instead of the first that is found.",
        };
        var noSample = new Option<bool>("--no-sample")
        {
            Description = "Leaves an empty system empty, instead of feeding it the sample usage.",
        };
        postgres.AcceptOnlyFromAmong("given", "container", "binaries");
        kafka.AcceptOnlyFromAmong("given", "container", "binaries", "embedded");

        var verb = new Verb(
            "up",
            "Starts the whole system, feeds it real usage when it is empty, and shows links. Ctrl-C stops it.",
            "./billing up",
            "./billing up --no-sample                       an empty system",
            "./billing up --kafka embedded                  no real broker, whatever is installed",
            "KAFKA_HOME=/opt/kafka ./billing up             your own Kafka, with Java 17",
            "BILLING_DATA=/tmp/second ./billing up          a second stack beside the first",
            "ConnectionStrings__postgres='Host=…;Username=…;Password=…' ./billing up")
        {
            postgres, kafka, noSample,
        };
        verb.SetAction((parsed, cancellation) => Start(
            parsed.GetValue(postgres), parsed.GetValue(kafka), !parsed.GetValue(noSample), Terminal.Output,
            cancellation));

        return verb;
    }

    private static async Task<int> Start(
        string? postgres, string? kafka, bool feedsSample, Terminal terminal, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        if (RunningStack.On(Checkout.Data) is { } running)
            throw new CannotGoOn(
                $"a stack is running on {Checkout.Data} ({running}): stop it first, or set BILLING_DATA to another folder.");

        var packages = PackageChoice.Current(Checkout.Root, out _);
        await Prerequisites.ToBuild(terminal, packages, cancellation);
        if (await NeedsPostgresPrograms(postgres, cancellation))
            await Prerequisites.ToRunPostgres(terminal, cancellation);

        await new Building(Checkout.Root, packages).AppHost(terminal, cancellation);

        var appHost = Path.Combine(Checkout.Root, "AppHost");
        terminal.Line($"Prepared in {Terminal.Seconds(clock.Elapsed)}; starting. Ctrl-C stops everything.");
        Directory.SetCurrentDirectory(appHost);
        var environment = EnvironmentFor(postgres, kafka);
        if (feedsSample) FeedBeside(environment);
        Programs.Become(
            Building.Dotnet, ["dotnet", Building.OutputOf(Path.Combine(appHost, "AppHost.csproj"))], environment);

        throw new UnreachableException();
    }

    /// <summary>
    /// Starts the program that waits until everything is healthy and then loads the sample. It is a child of this process
    /// id, which the AppHost will have, and ends when that one does.
    /// </summary>
    private static void FeedBeside(Dictionary<string, string> environment)
    {
        List<string> arguments =
        [
            Building.OutputOf(MainJob.Samples), "start", "--data", Checkout.Data,
            "--parent", Environment.ProcessId.ToString(CultureInfo.InvariantCulture),
        ];
        if (environment.TryGetValue("ASPNETCORE_URLS", out var url)
            && environment.TryGetValue(BrowserToken, out var token))
            arguments.AddRange(["--dashboard", $"{url}/login?t={token}"]);
        Process.Start(new ProcessStartInfo(Building.Dotnet, arguments))!.Dispose();
    }

    /// <summary>A server that is given or a container needs no programs here.</summary>
    private static async Task<bool> NeedsPostgresPrograms(string? forced, CancellationToken cancellation) =>
        forced is not null
            ? forced == "binaries"
            : Environment.GetEnvironmentVariable("ConnectionStrings__postgres") is null or ""
                && PostgresBinaries.Find(out _) is null
                && await ContainerRuntime.Find(cancellation) is null;

    /// <summary>What the AppHost is told; what the user has set already stays.</summary>
    private static Dictionary<string, string> EnvironmentFor(string? postgres, string? kafka)
    {
        var told = new Dictionary<string, string>();
        Tell("DOTNET_ENVIRONMENT", "Development");
        Tell("ASPNETCORE_ENVIRONMENT", "Development");
        Tell("ASPNETCORE_URLS", Loopback());
        Tell("ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL", Loopback());
        Tell("ASPIRE_DASHBOARD_OTLP_HTTP_ENDPOINT_URL", Loopback());
        Tell("ASPIRE_ALLOW_UNSECURED_TRANSPORT", "true");
        Tell(BrowserToken, RandomNumberGenerator.GetHexString(32, lowercase: true));
        if (postgres is not null) told["Billing__Postgres"] = postgres;
        if (kafka is not null) told["Billing__Kafka"] = kafka;

        return told;

        void Tell(string name, string value)
        {
            if (Environment.GetEnvironmentVariable(name) is null or "")
                told[name] = value;
        }

        static string Loopback() =>
            string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{FreePort.Find()}");
    }
}
