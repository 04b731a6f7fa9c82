using System.Text.RegularExpressions;

namespace Billing.Architecture.Tests;

/// <summary>What documents point at is there.</summary>
public partial class Documents
{
    private const int LongestRecord = 60;

    private static IEnumerable<Source> Markdown =>
        Tree.Texts.Where(file => file.Path.EndsWith(".md", StringComparison.Ordinal));

    private static IEnumerable<Source> Records =>
        Markdown.Where(file => file.Path.StartsWith("docs/adr/", StringComparison.Ordinal)).OrderBy(file => file.Path);

    private static IEnumerable<string> RecordPaths => Records.Select(record => record.Path);

    [Test]
    public void links_in_documents_lead_somewhere() => Markdown.SelectMany(BrokenLinks).ShouldBeEmpty();

    [Test]
    public void a_link_that_leads_nowhere_is_found()
    {
        BrokenLinks(new("docs/a.md", "see [b](b.md) and [top](../README-not-there.md#x)")).Count().ShouldBe(2);
        BrokenLinks(new("docs/a.md", "[web](https://example.com) [here](#x) [sln](../Billing.sln)")).ShouldBeEmpty();
    }

    [Test]
    public void decisions_that_files_name_exist() => Tree.Texts
        .SelectMany(file => NamedRecord().Matches(file.Text).Select(match => (file.Path, Record: match.Value)))
        .Where(named => !RecordPaths.Any(path => path.StartsWith(named.Record, StringComparison.Ordinal)))
        .ShouldBeEmpty();

    [Test]
    public void decisions_are_numbered_without_a_gap() =>
        Records.Select(record => record.Name[..4]).ShouldBe(Enumerable.Range(1, Records.Count()).Select(n => $"{n:0000}"));

    [TestCaseSource(nameof(RecordPaths))]
    public void a_decision_has_its_four_sections_and_fits_on_a_page(string path)
    {
        var record = Records.Single(record => record.Path == path);

        record.Text.ShouldStartWith($"# {record.Name[..4]} ");
        Headings(record).ShouldBe(["Context", "Decision", "Consequences", "Guarded by"]);
        record.Lines.Count().ShouldBeLessThanOrEqualTo(LongestRecord);
    }

    [TestCaseSource(nameof(RecordPaths))]
    public void what_guards_a_decision_is_a_test_that_exists(string path)
    {
        var guards = Guards(Records.Single(record => record.Path == path));

        guards.ShouldNotBeEmpty();
        guards.Where(guard => !IsTest(guard)).ShouldBeEmpty();
    }

    [Test]
    public void a_guard_that_does_not_exist_is_found()
    {
        IsTest("Documents").ShouldBeTrue();
        IsTest("Documents.a_guard_that_does_not_exist_is_found").ShouldBeTrue();
        IsTest("Documents.no_such" + "_test").ShouldBeFalse();
        IsTest("No" + "SuchTests").ShouldBeFalse();
    }

    private static IEnumerable<Finding> BrokenLinks(Source document) =>
        from line in document.Lines
        from Match link in Link().Matches(line.Text)
        let target = link.Groups["target"].Value.Split('#')[0]
        where target.Length > 0 && !target.Contains("://") && !target.StartsWith("mailto:", StringComparison.Ordinal)
        where !Path.Exists(Path.Combine(Tree.Root, Path.GetDirectoryName(document.Path)!, target))
        select new Finding(document.Path, line.Number, target);

    private static IEnumerable<string> Headings(Source record) =>
        record.Lines.Where(line => line.Text.StartsWith("## ", StringComparison.Ordinal)).Select(line => line.Text[3..]);

    // Names in back quotes: a test class, or a class and one of its tests.
    private static IReadOnlyList<string> Guards(Source record) =>
        [.. Quoted().Matches(record.Text[record.Text.IndexOf("## Guarded by", StringComparison.Ordinal)..])
            .Select(match => match.Groups["name"].Value)];

    private static bool IsTest(string guard)
    {
        var (name, test) = guard.Split('.') is [var type, var method] ? (type, method) : (guard, null);
        return Tree.CSharp(Tree.In("tests")).Any(file =>
            Regex.IsMatch(file.Text, $@"\bclass {name}\b") && (test is null || Regex.IsMatch(file.Text, $@"\b{test}\(")));
    }

    [GeneratedRegex(@"(?<!!)\[[^\]]*\]\((?<target>[^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"docs/adr/\d{4}")]
    private static partial Regex NamedRecord();

    [GeneratedRegex("`(?<name>[A-Za-z_.]+)`")]
    private static partial Regex Quoted();
}
