using System.CommandLine;
using System.Text.Json;
using Billing.Cli.Checks;
using Billing.LocalTools;

namespace Billing.Cli.Verbs;

/// <summary>Says what this machine lacks, and installs or builds it when asked to.</summary>
internal static class Doctor
{
    private static readonly JsonSerializerOptions Readable = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static Command Create()
    {
        var fix = new Option<bool>("--fix") { Description = "Installs or builds what is missing, then looks again." };
        var kafka = new Option<bool>("--kafka") { Description = "Counts the real Kafka among what is needed." };
        var refresh = new Option<bool>("--refresh")
        {
            Description = "Asks the package feed anew; otherwise its answer holds for a day.",
        };
        var json = new Option<bool>("--json") { Description = "Prints the report as JSON, for programs." };

        var verb = new Verb(
            "doctor",
            "Looks at the machine: one line per finding, with what to do. Exit code 1 if something is wrong.",
            "./billing doctor",
            "./billing doctor --fix             installs or builds what is missing",
            "./billing doctor --fix --kafka     the real Kafka, too",
            "./billing doctor --refresh --json")
        {
            fix, kafka, refresh, json,
        };
        verb.SetAction((parsed, cancellation) => Examine(
            parsed.GetValue(fix),
            parsed.GetValue(kafka),
            parsed.GetValue(refresh),
            parsed.GetValue(json) ? parsed.InvocationConfiguration.Output : null,
            cancellation));

        return verb;
    }

    private static async Task<int> Examine(
        bool fix, bool kafka, bool refresh, TextWriter? json, CancellationToken cancellation)
    {
        // The report may be for a program; what is said on the way is not.
        var terminal = json is null ? Terminal.Output : Terminal.Error;
        var packages = PackageChoice.Current(Checkout.Root, out var source);
        var machine = new Machine(packages, kafka);

        var findings = await machine.Look(cancellation);
        if (fix && findings.Any(finding => finding.Fix is not null))
        {
            await Fix(findings, terminal, cancellation);
            findings = await machine.Look(cancellation);
        }

        var feed = await new Feed(Checkout.Root).Ask(refresh, terminal, TimeProvider.System, cancellation);
        findings = [.. findings, .. About(packages, source, feed)];
        var healthy = findings.All(finding => finding.State != State.Wrong);

        if (json is null)
        {
            foreach (var finding in findings)
                terminal.Line(finding.ToString());
            terminal.Line(healthy ? "All is well: ./billing up" : "Something is wrong; see the lines above.");
        }
        else
        {
            json.WriteLine(JsonSerializer.Serialize(
                new
                {
                    Ok = healthy,
                    Packages = new { Current = packages.Text, Feed = feed.Mode, feed.At },
                    Findings = findings.Select(finding => new
                    {
                        finding.Name,
                        State = finding.State.ToString().ToLowerInvariant(),
                        finding.Detail,
                        finding.Remedy,
                    }),
                },
                Readable));
        }

        return healthy ? 0 : 1;
    }

    private static async Task Fix(
        IReadOnlyList<Finding> findings, Terminal terminal, CancellationToken cancellation)
    {
        foreach (var finding in findings)
        {
            if (finding.Fix is null) continue;
            try
            {
                await finding.Fix(terminal, cancellation);
            }
            catch (Exception cause) when (cause is CannotGoOn or PreparationFailed)
            {
                terminal.Line($"{finding.Name} cannot be fixed: {cause.Message}");
            }
        }
    }

    private static IEnumerable<Finding> About(PackageChoice packages, string source, Feed.Answers feed)
    {
        var needed = packages.IsNuget
            ? feed.Families.Select(answer => answer.Family).ToList()
            : packages.Text.Split('+').ToList();
        foreach (var answer in feed.Families)
        {
            var wrong = answer.Problem is not null && needed.Contains(answer.Family);
            yield return new(
                "feed",
                wrong ? State.Wrong : answer.Problem is null ? State.Ok : State.Note,
                $"{answer.Family}: {(answer.Problem is null ? "there" : "not there")} ({answer.Problem ?? answer.Packages})",
                wrong ? "./billing packages stand-ins, or another feed" : null);
        }

        var more = feed.Mode == packages.Text || !new[] { "stand-ins" }.Contains(packages.Text)
            ? null
            : $"./billing packages {feed.Mode} would use that";
        yield return new(
            "packages",
            State.Ok,
            $"mode {packages.Text}, {source}; the feed would serve {feed.Mode} (asked {feed.At:yyyy-MM-dd HH:mm} UTC)",
            more);
    }
}
