using System.CommandLine;
using System.Diagnostics;
using Billing.LocalTools;

namespace Billing.Cli.Verbs;

/// <summary>Measures. Everything it needs it starts for itself, as a release build, and removes afterwards.</summary>
internal static class Bench
{
    private const string Configuration = "Release", JsonName = "--json";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(30);

    public static Command Create()
    {
        var pairs = Number("--pairs", "How often each side is measured, in turn.");
        var events = Number("--events", "How many lie in the topic for each run. [default: 100000]");
        var quick = Quick("20,000 events, one pair, 3 s of each even load.");
        var seconds = Number("--seconds", "Of each even load, for latency. [default: 15]");
        var json = Json();
        var all = new Verb(
            "bench",
            "Measures how fast the product is on this machine: without a further word, from raw usage to balances, "
            + "beside raw reading of the same topic and one transaction for each event; with a PostgreSQL (durable), "
            + "a broker (KAFKA_HOME, else the embedded one) and services of its own.",
            "./billing bench --quick",
            "KAFKA_HOME=/path/to/kafka ./billing bench --json figures.json",
            "./billing bench pricing",
            "./billing bench quota --quick",
            "./billing bench ledger --quick",
            "./billing bench ingestion --quick")
        {
            events, pairs, seconds, quick, json, Ingestion(), Pricing(), Quota(), Ledger(),
        };
        return Runs(all, "end-to-end", [Services.Ingestion, Services.Pricing, Services.Ledger, Services.Broker]);
    }

    private static Verb Ingestion()
    {
        var only = new Option<string?>("--only") { Description = "kafka or http.", HelpName = "part" };
        only.AcceptOnlyFromAmong("kafka", "http");
        return Runs(
            new(
                "ingestion",
                "Accepted events per second from Kafka, beside raw reading of the same topic, and over HTTP; with its own "
                + "PostgreSQL (durable), broker (KAFKA_HOME, else the embedded one) and Ingestion.",
                "./billing bench ingestion --quick",
                "KAFKA_HOME=/path/to/kafka ./billing bench ingestion --json figures.json",
                "./billing bench ingestion --minutes 10")
            {
                Number("--events", "How many lie in the topic for each run. [default: 200000]"),
                Number("--pairs", "How often the topic is read raw and by Ingestion, in turn. [default: 3]"),
                Number("--seconds", "For each combination over HTTP. [default: 5]"),
                Number("--minutes", "Instead: so long an even load, to see whether memory stays flat."),
                Quick("20,000 events, one pair, 1 s, fewer combinations."), only, Json(),
            },
            "ingestion", [Services.Ingestion, Services.Broker]);
    }

    private static Verb Pricing()
    {
        var only = new Option<string?>("--only") { Description = "memory or usage.", HelpName = "part" };
        only.AcceptOnlyFromAmong("memory", "usage");
        return Runs(
            new(
                "pricing",
                "Nanoseconds and bytes for each event that is rated, beside a bare loop that multiplies and rounds "
                + "decimals; and what an event costs each process on the way from accepted usage to published ratings, "
                + "with its own PostgreSQL (durable), broker (KAFKA_HOME, else the embedded one) and Pricing.",
                "./billing bench pricing",
                "./billing bench pricing --only usage --quick")
            {
                Number("--events", "For each turn. [default: 300000 in memory, 100000 of usage]"),
                Number("--pairs", "How often each is measured beside the bare loop. [default: 11]"),
                Number("--runs", "How often usage is rated, each time with an empty database. [default: 3]"),
                Quick("50,000 events, three pairs; of usage 20,000, once."), only, Json(),
            },
            "pricing", [Services.Pricing, Services.Broker]);
    }

    private static Verb Quota() => Runs(
        new(
            "quota",
            "How long the quota check takes at an even rate, whether or not calls before are answered, beside a bare "
            + "endpoint that does the same read; with its own PostgreSQL (durable), broker and Pricing.",
            "./billing bench quota --quick",
            "./billing bench quota --json figures.json")
        {
            Number("--rate", "Calls a second. [default: 2000]"),
            Number("--seconds", "Of each run. [default: 15]"),
            Number("--pairs", "How often both are measured, in turn. [default: 3]"),
            Quick("One pair, 3 s each."), Json(),
        },
        "quota", [Services.Pricing, Services.Broker]);

    private static Verb Ledger() => Runs(
        new(
            "ledger",
            "Durable charges per second with projections on, beside binary COPY of the rows that were written and beside "
            + "one charge a transaction; with its own PostgreSQL (durable), broker (KAFKA_HOME, else the embedded "
            + "one) and Ledger.",
            "./billing bench ledger --quick",
            "KAFKA_HOME=/path/to/kafka ./billing bench ledger --json figures.json")
        {
            Number("--events", "How many ratings lie in the topic. [default: 200000]"),
            Number("--pairs", "How often the Ledger and the bare writes are measured, in turn. [default: 3]"),
            Number("--alone", "How many charges are written one at a time. [default: 3000]"),
            Quick("20,000 ratings, one pair."), Json(),
        },
        "ledger", [Services.Ledger, Services.Broker]);

    /// <summary>The options go on as they are; the bench knows its own defaults.</summary>
    private static Verb Runs(Verb verb, string bench, IReadOnlyList<string> projects)
    {
        verb.SetAction(async (parsed, cancellation) =>
        {
            List<string> arguments = [bench];
            foreach (var option in verb.Options)
                if (parsed.GetResult(option) is { Implicit: false } given)
                    arguments.AddRange([option.Name, .. given.Tokens.Select(token => Value(option.Name, token.Value))]);
            await Run(arguments, projects, cancellation);
        });
        return verb;
    }

    private static string Value(string option, string value) =>
        option == JsonName ? Path.GetFullPath(value) : value;

    private static Option<int?> Number(string name, string description) =>
        new(name) { Description = description, HelpName = "number" };

    private static Option<bool> Quick(string what) => new("--quick") { Description = what };

    private static Option<string?> Json() =>
        new(JsonName) { Description = "Writes the figures there as well.", HelpName = "file" };

    private static class Services
    {
        public const string Ingestion = "services/Ingestion", Pricing = "services/Pricing", Ledger = "services/Ledger",
            Broker = "eng/Billing.Broker";
    }

    private static async Task Run(
        IReadOnlyList<string> arguments, IReadOnlyList<string> projects, CancellationToken cancellation)
    {
        await Build([.. projects, "eng/Billing.Bench"], cancellation);
        var program = Path.Combine(
            Checkout.Root, "eng", "Billing.Bench", "bin", Configuration, "net10.0", "Billing.Bench.dll");
        Programs.Become(Building.Dotnet, ["dotnet", program, .. arguments], new Dictionary<string, string>());

        throw new UnreachableException();
    }

    private static async Task Build(IReadOnlyList<string> projects, CancellationToken cancellation)
    {
        await using var compiler = new CompilerServer(Checkout.Root);
        foreach (var project in projects)
            await Terminal.Error.Step($"Building {project} for release", async _ =>
            {
                var outcome = await compiler.Build(project, Configuration, Patience, cancellation);
                if (!outcome.Succeeded) throw new CannotGoOn($"building {project} failed:\n{outcome.Output}");
            });
    }
}
