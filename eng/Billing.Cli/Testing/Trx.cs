using System.Xml.Linq;

namespace Billing.Cli.Testing;

/// <summary>What one test project came to. A run that broke off is no result, whatever was counted before.</summary>
/// <param name="Skips">Why tests were skipped, each reason with how many.</param>
/// <param name="BrokeOff">Why the run did not come to its end, or null.</param>
internal sealed record Tally(
    int Passed, int Failed, int Skipped, IReadOnlyDictionary<string, int> Skips, string? BrokeOff)
{
    public static Tally Nothing { get; } = new(0, 0, 0, new Dictionary<string, int>(), BrokeOff: null);

    public static Tally Broken(string why) => Nothing with { BrokeOff = why };

    /// <summary>A run that broke off counts as one failure, so that the sum never looks green.</summary>
    public static Tally operator +(Tally left, Tally right) => new(
        left.Passed + right.Passed,
        left.Failed + right.Failed + (right.BrokeOff is null ? 0 : 1),
        left.Skipped + right.Skipped,
        left.Skips,
        left.BrokeOff);

    public string Sum => $"{Passed} passed, {Failed} failed{(Skipped > 0 ? $", {Skipped} skipped" : "")}";
}

/// <summary>Reads the result files that <c>dotnet test</c> writes.</summary>
internal static class Trx
{
    private static readonly XNamespace Namespace = "http://microsoft.com/schemas/VisualStudio/TeamTest/2010";

    public static Tally Read(string file)
    {
        if (!File.Exists(file)) return Tally.Broken("it wrote no results");

        XDocument document;
        try
        {
            document = XDocument.Load(file);
        }
        catch (System.Xml.XmlException cut)
        {
            return Tally.Broken($"its results are cut short ({cut.Message})");
        }

        // Outcomes are counted one by one: the file's own counters leave skipped tests out.
        var results = document.Descendants(Namespace + "UnitTestResult").ToList();
        var skipped = results.Where(result => Outcome(result) is not ("Passed" or "Failed" or "Error" or "Timeout" or "Aborted"));
        var skips = skipped.GroupBy(Reason).ToDictionary(group => group.Key, group => group.Count());
        var passed = results.Count(result => Outcome(result) == "Passed");

        return new Tally(
            passed,
            results.Count - passed - skips.Values.Sum(),
            skips.Values.Sum(),
            skips,
            BrokenOff(document));
    }

    private static string? BrokenOff(XDocument document)
    {
        var summary = document.Descendants(Namespace + "ResultSummary").FirstOrDefault();
        if (summary is null) return "its results are cut short";

        // "Failed" is the outcome of failed tests, too; a message of level Error is there only when the run broke.
        var error = summary.Descendants(Namespace + "RunInfo")
            .FirstOrDefault(info => info.Attribute("outcome")?.Value == "Error")?.Value.Trim();
        if ((string?)summary.Attribute("outcome") is "Aborted" or "Error" or "Timeout")
            return error ?? "the run was aborted";

        return error is not null && error.Contains("abort", StringComparison.OrdinalIgnoreCase) ? error : null;
    }

    private static string Outcome(XElement result) => (string?)result.Attribute("outcome") ?? "";

    private static string Reason(XElement result) =>
        result.Descendants(Namespace + "Message").FirstOrDefault()?.Value.Trim().Split('\n')[0] is { Length: > 0 } said
            ? said
            : "no reason given";
}
