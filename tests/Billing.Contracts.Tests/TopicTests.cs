using System.Text.RegularExpressions;

namespace Billing.Contracts.Tests;

public partial class TopicTests
{
    private static IEnumerable<string> Constants => typeof(Topics).GetFields()
        .Where(constant => constant.IsLiteral && constant.FieldType == typeof(string))
        .Select(constant => (string)constant.GetRawConstantValue()!)
        .Where(name => name != Topics.PlatformServices);

    [Test]
    public void every_named_topic_is_in_the_table_once() =>
        Topics.All.Select(topic => topic.Name).ShouldBe(Constants, ignoreOrder: true);

    [TestCaseSource(typeof(Topics), nameof(Topics.All))]
    public void owner_writers_and_readers_exist(Topic topic)
    {
        Resources.Services.ShouldContain(topic.Owner);
        topic.Writers.ShouldNotBeEmpty();
        topic.Readers.ShouldNotBeEmpty();
        topic.Writers.Where(writer => writer != Topics.PlatformServices).ShouldBeSubsetOf(Resources.Services);
        topic.Readers.ShouldBeSubsetOf(Resources.Services);
        topic.Writers.ShouldBeUnique();
        topic.Readers.ShouldBeUnique();
    }

    [TestCaseSource(typeof(Topics), nameof(Topics.All))]
    public void names_say_owner_facts_and_version(Topic topic)
    {
        if (topic.Name == Topics.QuotaExceeded) return; // named by the platform before us

        topic.Name.ShouldMatch(NameRule().ToString());

        // Written by one service only: that is the second part of its name, and its owner.
        var owner = NameRule().Match(topic.Name).Groups["owner"].Value;
        if (topic.Writers is [var only] && Resources.Services.Contains(only))
        {
            owner.ShouldBe(only);
            topic.Owner.ShouldBe(only);
        }
        else Resources.Services.ShouldNotContain(owner);
    }

    [TestCaseSource(typeof(Topics), nameof(Topics.All))]
    public void partitions_share_the_lanes_evenly(Topic topic)
    {
        topic.Partitions.ShouldBe(topic.Name == Topics.Catalog ? 1 : 8);
        (Lanes.Count % topic.Partitions).ShouldBe(0);
    }

    [Test]
    public void the_money_path_is_one_chain()
    {
        Chain(Topics.Usage).ShouldBe((Resources.Ingestion, Resources.Pricing));
        Chain(Topics.Ratings).ShouldBe((Resources.Pricing, Resources.Ledger));
        Chain(Topics.Entries).ShouldBe((Resources.Ledger, Resources.Invoicing));
    }

    [Test]
    public void nobody_reads_what_it_writes_but_the_replay_requests() =>
        Topics.All.Where(topic => topic.Writers.Intersect(topic.Readers).Any()).Select(topic => topic.Name)
            .ShouldBe([Topics.ReplayRequests, Topics.Services]);

    [Test]
    public void dead_letters_have_the_same_name_with_an_ending() =>
        Topics.Dlq(Topics.RawUsage).ShouldBe("billing.usage.raw.v1.dlq");

    [Test]
    public void names_of_resources_are_unique_whatever_they_are()
    {
        string[] all =
        [
            Resources.Postgres, Resources.Kafka, .. Resources.Services, .. Resources.Services.Select(Resources.Store),
            .. Resources.Services.Select(Resources.Migrations),
        ];

        all.ShouldBeUnique();
        Resources.Services.Select(Resources.Store).ShouldBe(
        [
            Resources.IngestionStore, Resources.PricingStore, Resources.LedgerStore, Resources.InvoicingStore,
            Resources.StripeSyncStore, Resources.ConsoleStore,
        ]);
    }

    [Test]
    public void names_for_sql_need_no_quotes()
    {
        Resources.Database(Resources.StripeSync).ShouldBe("stripe_sync");
        Resources.Role(Resources.StripeSync, DatabaseRoles.Writer).ShouldBe("stripe_sync_writer");
        Resources.Connection(Resources.StripeSync, DatabaseRoles.Writer).ShouldBe("stripe-sync-writer");
    }

    private static (string From, string To) Chain(string name)
    {
        var topic = Topics.All.Single(topic => topic.Name == name);
        return (topic.Writers.Single(), topic.Readers.Single());
    }

    [GeneratedRegex(@"^billing\.(?<owner>[a-z]+(-[a-z]+)*)(\.[a-z]+(-[a-z]+)*)?\.v[1-9][0-9]*$")]
    private static partial Regex NameRule();
}
