using System.Text.Json;
using Billing.Cli.Checks;

namespace Billing.Cli.Tests;

public sealed class DoctorTests
{
    [Test]
    public async Task every_need_has_one_line_with_its_state()
    {
        var findings = await new Machine(PackageChoice.Default, wantsKafka: false).Look(CancellationToken.None);

        findings.Select(finding => finding.Name).ShouldBe(
        [
            "SDK", "git", "node and npm", "C compiler", "librdkafka", "PostgreSQL", "Kafka", "Chromium", "disk", "data",
            "ports",
        ]);
        findings.ShouldAllBe(finding => !finding.ToString().Contains('\n'));
        // These tests could not run here without them.
        Of("SDK").ShouldBe(State.Ok);
        Of("librdkafka").ShouldBe(State.Ok);
        Of("PostgreSQL").ShouldBe(State.Ok);

        State Of(string name) => findings.Single(finding => finding.Name == name).State;
    }

    [Test]
    public void what_is_wrong_comes_with_what_to_do() =>
        new Finding("librdkafka", State.Wrong, "is not built yet", "./billing doctor --fix").ToString()
            .ShouldBe("wrong  librdkafka      is not built yet -> ./billing doctor --fix");

    [Test]
    public async Task nothing_native_is_needed_where_everything_comes_from_the_feed()
    {
        var findings = await new Machine(PackageChoice.Parse("nuget"), wantsKafka: false).Look(CancellationToken.None);

        findings.Single(finding => finding.Name == "librdkafka").Detail.ShouldBe("comes from the feed in this mode");
    }

    [Test]
    public void a_library_is_judged_by_the_version_that_it_says_it_is()
    {
        using var folder = new Folder();

        Install.Librdkafka.VersionOf(Install.Librdkafka.Library).ShouldBe(Install.Librdkafka.Version);
        Install.Librdkafka.VersionOf(folder.Of("none.so")).ShouldBeNull();
        Install.Librdkafka.VersionOf(folder.Write("broken.so", "not a library")).ShouldBeNull();
    }

    [Test]
    public void the_feeds_answers_survive_being_written_down()
    {
        var answers = new Feed.Answers(
            DateTimeOffset.UnixEpoch, "question", [new("Marten", "Marten", "NU1101"), new("JwtBearer", "J", null)]);

        var again = JsonSerializer.Deserialize<Feed.Answers>(JsonSerializer.Serialize(answers)).ShouldNotBeNull();

        again.Families.ShouldBe(answers.Families);
        again.Mode.ShouldBe("JwtBearer");
    }
}
