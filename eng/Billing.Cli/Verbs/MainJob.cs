using System.CommandLine;
using System.Globalization;
using Billing.Cli.Install;
using Billing.LocalTools;

namespace Billing.Cli.Verbs;

/// <summary>
/// The verbs of the main job. Those that work with the stack that is up build nothing: their programs were built with the
/// AppHost. Those that have a stack of their own build what it runs.
/// </summary>
internal static class MainJob
{
    public static string Samples => Path.Combine(Checkout.Root, "eng", "Billing.Samples", "Billing.Samples.csproj");

    private static string Verification =>
        Path.Combine(Checkout.Root, "eng", "Billing.Verify", "Billing.Verify.csproj");

    public static Command Send()
    {
        var file = new Argument<string>("file") { Description = "CSV, or CloudEvents in JSON: one a line, or an array." };
        var source = new Option<string?>("--source")
        {
            Description = "The source of all lines of a CSV file without such a column.",
            HelpName = "source",
        };
        var verb = new Verb(
            "send",
            "Feeds usage from a file to the running stack through Kafka, as a platform service would.",
            "./billing send usage.csv                       columns: docs/csv-import.md",
            "./billing send --source /checkout usage.csv",
            "./billing send events.jsonl")
        {
            file, source,
        };
        verb.SetAction(parsed => Run(
            Samples, "send",
            [
                "--file", Path.GetFullPath(parsed.GetRequiredValue(file)),
                .. parsed.GetValue(source) is { } given ? (string[])["--source", given] : [],
            ]));

        return verb;
    }

    public static Command Verify()
    {
        var json = new Option<bool>("--json") { Description = "For programs." };
        var verb = new Verb(
            "verify",
            "Checks on the running stack what must always hold, a line each. Exit code 1 if something does not.",
            "./billing verify",
            "./billing verify --json")
        {
            json,
        };
        verb.SetAction(parsed => Run(Verification, null, parsed.GetValue(json) ? ["--json"] : []));

        return verb;
    }

    public static Command Demo()
    {
        var verb = new Verb(
            "demo",
            "A month in a minute, on a stack of its own: usage, a new price, corrections, past moments, invariants.",
            "./billing demo");
        verb.SetAction((_, cancellation) => RunOwn("demo", [], cancellation));

        return verb;
    }

    public static Command Chaos()
    {
        var kills = new Option<int>("--kills")
        {
            Description = "How many processes are killed.",
            HelpName = "number",
            DefaultValueFactory = _ => 20,
        };
        var seed = new Option<int>("--seed")
        {
            Description = "The same seed has the same plan.",
            HelpName = "number",
            DefaultValueFactory = _ => 1,
        };
        var verb = new Verb(
            "chaos",
            "Kills services, broker and PostgreSQL of a stack of its own while usage and corrections flow, then verifies.",
            "./billing chaos --kills 20",
            "./billing chaos --kills 200 --seed 7",
            "KAFKA_HOME=/path/to/kafka ./billing chaos     with a real broker")
        {
            kills, seed,
        };
        verb.SetAction((parsed, cancellation) => RunOwn(
            "chaos",
            [
                "--kills", parsed.GetValue(kills).ToString(CultureInfo.InvariantCulture),
                "--seed", parsed.GetValue(seed).ToString(CultureInfo.InvariantCulture),
            ],
            cancellation));

        return verb;
    }

    private static async Task<int> RunOwn(
        string verb, IReadOnlyList<string> arguments, CancellationToken cancellation)
    {
        var packages = PackageChoice.Current(Checkout.Root, out _);
        await Prerequisites.ToBuild(Terminal.Error, packages, cancellation);
        if (PostgresBinaries.Find(out _) is null) await Prerequisites.ToRunPostgres(Terminal.Error, cancellation);
        await new Building(Checkout.Root, packages).AppHost(Terminal.Error, cancellation);
        Become(Samples, verb, arguments);
        return 0;
    }

    /// <exception cref="CannotGoOn">Nothing is up, or the program is not built.</exception>
    private static void Run(string project, string? verb, IReadOnlyList<string> arguments)
    {
        if (RunningInstallation.Find(Checkout.Data) is null)
            throw new CannotGoOn($"no stack is up on {Checkout.Data}: start one with ./billing up.");

        Become(project, verb, arguments);
    }

    private static void Become(string project, string? verb, IReadOnlyList<string> arguments)
    {
        var program = Building.OutputOf(project);
        if (!File.Exists(program)) throw new CannotGoOn($"{program} is not built: ./billing up builds it.");

        Programs.Become(
            Building.Dotnet, ["dotnet", program, .. verb is null ? [] : (string[])[verb], .. arguments],
            new Dictionary<string, string> { ["BILLING_DATA"] = Checkout.Data });
    }
}
