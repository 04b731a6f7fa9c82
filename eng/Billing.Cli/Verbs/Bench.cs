using System.CommandLine;
using System.Diagnostics;
using Billing.LocalTools;

namespace Billing.Cli.Verbs;

/// <summary>Measures. Everything it needs it starts for itself, as a release build, and removes afterwards.</summary>
internal static class Bench
{
    private const string Configuration = "Release";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(30);

    public static Command Create()
    {
        var events = new Option<int?>("--events")
        {
            Description = "How many lie in the topic for each run. [default: 200000]",
            HelpName = "number",
        };
        var pairs = new Option<int?>("--pairs")
        {
            Description = "How often the topic is read raw and by Ingestion, in turn. [default: 3]",
            HelpName = "number",
        };
        var seconds = new Option<int?>("--seconds")
        {
            Description = "For each combination over HTTP. [default: 5]",
            HelpName = "number",
        };
        var quick = new Option<bool>("--quick") { Description = "20,000 events, one pair, 1 s, fewer combinations." };
        var only = new Option<string?>("--only") { Description = "kafka or http.", HelpName = "part" };
        only.AcceptOnlyFromAmong("kafka", "http");
        var json = new Option<string?>("--json") { Description = "Writes the figures there as well.", HelpName = "file" };

        var ingestion = new Verb(
            "ingestion",
            "Accepted events per second from Kafka, beside raw reading of the same topic, and over HTTP; with its own "
            + "PostgreSQL (durable), broker (KAFKA_HOME, else the embedded one) and Ingestion.",
            "./billing bench ingestion --quick",
            "KAFKA_HOME=/path/to/kafka ./billing bench ingestion --json figures.json")
        {
            events, pairs, seconds, quick, only, json,
        };
        ingestion.SetAction(async (parsed, cancellation) =>
        {
            List<string> arguments = ["ingestion"];
            Pass("--events", parsed.GetValue(events)?.ToString(System.Globalization.CultureInfo.InvariantCulture));
            Pass("--pairs", parsed.GetValue(pairs)?.ToString(System.Globalization.CultureInfo.InvariantCulture));
            Pass("--seconds", parsed.GetValue(seconds)?.ToString(System.Globalization.CultureInfo.InvariantCulture));
            Pass("--only", parsed.GetValue(only));
            Pass("--json", parsed.GetValue(json) is { } file ? Path.GetFullPath(file) : null);
            if (parsed.GetValue(quick)) arguments.Add("--quick");
            await Run(arguments, cancellation);

            void Pass(string name, string? value)
            {
                if (value is not null) arguments.AddRange([name, value]);
            }
        });

        return new Verb("bench", "Measures how fast the product is on this machine.", "./billing bench ingestion --quick")
        {
            ingestion,
        };
    }

    private static async Task Run(IReadOnlyList<string> arguments, CancellationToken cancellation)
    {
        foreach (var project in (string[])["services/Ingestion", "eng/Billing.Broker", "eng/Billing.Bench"])
            await Terminal.Error.Step($"Building {project} for release", async _ =>
            {
                var outcome = await Programs.Run(
                    new Call(
                        Building.Dotnet, "build", project, "-c", Configuration, "--nologo", "-v", "quiet", "-tl:off",
                        "--disable-build-servers")
                    {
                        Folder = Checkout.Root,
                        Timeout = Patience,
                    }, cancellation);
                if (!outcome.Succeeded) throw new CannotGoOn($"building {project} failed:\n{outcome.Output}");
            });

        var program = Path.Combine(
            Checkout.Root, "eng", "Billing.Bench", "bin", Configuration, "net10.0", "Billing.Bench.dll");
        Programs.Become(Building.Dotnet, ["dotnet", program, .. arguments], new Dictionary<string, string>());

        throw new UnreachableException();
    }
}
