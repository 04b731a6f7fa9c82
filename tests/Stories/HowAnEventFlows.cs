using System.Text.RegularExpressions;
using Billing.Contracts;
using Billing.LocalTools;

namespace Billing.Stories;

/// <summary>The document that tells the same story keeps its shape; that its links lead somewhere, too.</summary>
public partial class HowAnEventFlows
{
    private static readonly string Path = System.IO.Path.Combine(Checkout.Root, "docs", "how-an-event-flows.md");
    private static readonly string Text = File.ReadAllText(Path);

    private static IEnumerable<string> Hops => Text.Split("\n## ").Skip(1).Where(hop => char.IsDigit(hop[0]));

    [Test]
    public void hops_are_numbered_in_order() =>
        Hops.Select(hop => int.Parse(hop.Split(' ')[0], null)).ShouldBe(Enumerable.Range(0, Hops.Count()));

    [TestCaseSource(nameof(Hops))]
    public void each_hop_says_its_file_its_input_what_can_go_wrong_and_its_output(string hop)
    {
        var lines = hop.Split('\n').Where(line => line.StartsWith("- **", StringComparison.Ordinal)).ToList();

        lines.Select(line => line.Split("**")[1]).ShouldBe(["File", "Input", "What can go wrong", "Output"]);
        Link().Matches(lines[0]).ShouldNotBeEmpty();
    }

    [Test]
    public void every_link_leads_to_a_file_and_a_class_is_in_the_file_of_its_link()
    {
        foreach (Match link in Link().Matches(Text))
        {
            var target = System.IO.Path.Combine(System.IO.Path.GetDirectoryName(Path)!, link.Groups["target"].Value);
            File.Exists(target).ShouldBeTrue(link.Value);
            if (target.EndsWith(".cs", StringComparison.Ordinal))
                File.ReadAllText(target).ShouldMatch($@"\b(class|record|struct|interface|enum) {link.Groups["name"].Value}\b");
        }
    }

    [Test]
    public void every_topic_of_the_way_is_named()
    {
        foreach (var topic in (string[])[Topics.RawUsage, Topics.Usage, Topics.Ratings, Topics.Catalog, Topics.Entries])
            Text.ShouldContain($"`{topic}`");
    }

    [GeneratedRegex(@"\[(?<name>[^\]]+)\]\((?<target>[^)]+)\)")]
    private static partial Regex Link();
}
