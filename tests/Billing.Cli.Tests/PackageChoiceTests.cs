using Billing.Cli.Checks;
using Billing.LocalTools;

namespace Billing.Cli.Tests;

public sealed class PackageChoiceTests
{
    [TestCase("stand-ins", "stand-ins")]
    [TestCase("nuget", "nuget")]
    [TestCase("Stripe.net", "Stripe.net")]
    [TestCase("WolverineFx+Marten", "Marten+WolverineFx")]
    public void a_choice_has_one_spelling(string asked, string spelled) =>
        PackageChoice.Parse(asked).Text.ShouldBe(spelled);

    [TestCase("marten", "(it is spelled Marten)")]
    [TestCase("Marten+Foo", "'Foo'")]
    [TestCase("", "''")]
    [TestCase("nuget+Marten", "'nuget'")]
    [TestCase("WolverineFx", "choose Marten+WolverineFx")]
    public void what_cannot_be_chosen_is_refused_in_one_sentence(string asked, string clue) =>
        Should.Throw<CannotGoOn>(() => PackageChoice.Parse(asked)).Message.ShouldContain(clue);

    [Test]
    public void a_choice_is_remembered_and_forgotten_again()
    {
        using var checkout = new Folder();
        PackageChoice.Current(checkout.Path, out _).Text.ShouldBe("stand-ins");

        PackageChoice.Remember(checkout.Path, PackageChoice.Parse("Marten+WolverineFx"));
        PackageChoice.Current(checkout.Path, out var source).Text.ShouldBe("Marten+WolverineFx");
        source.ShouldBe("remembered in .billing/packages.props");

        PackageChoice.Remember(checkout.Path, PackageChoice.Default);
        PackageChoice.Current(checkout.Path, out _).Text.ShouldBe("stand-ins");
        PackageChoice.Remember(checkout.Path, PackageChoice.Default);
    }

    [Test]
    public void the_families_are_those_of_the_switch()
    {
        var targets = File.ReadAllText(Path.Combine(Checkout.Root, "stand-ins", "StandIns.targets"));
        var versions = File.ReadAllText(Path.Combine(Checkout.Root, "Directory.Packages.props"));

        var families = Feed.FamiliesOf(targets, versions);

        families.Keys.ShouldBe([.. PackageChoice.Families, Feed.NativeLibrary], ignoreOrder: true);
        families["WolverineFx"].ShouldContain("WolverineFx.Marten");
        families["Aspire.Hosting"].ShouldContain("Aspire.Hosting.Testing");
        families.Values.ShouldAllBe(packages => packages.Count > 0);
    }

    [TestCase("", "stand-ins")]
    [TestCase("Marten Verify.NUnit", "Marten+Verify.NUnit")]
    [TestCase("WolverineFx JwtBearer", "JwtBearer")]
    [TestCase("librdkafka.redist", "stand-ins")]
    [TestCase("Marten WolverineFx Stripe.net Verify.NUnit OpenTelemetry.Extensions.Hosting JwtBearer Aspire.Hosting "
        + "librdkafka.redist", "nuget")]
    [TestCase("Marten WolverineFx Stripe.net Verify.NUnit OpenTelemetry.Extensions.Hosting JwtBearer Aspire.Hosting",
        "Marten+WolverineFx+Stripe.net+Verify.NUnit+OpenTelemetry.Extensions.Hosting+JwtBearer+Aspire.Hosting")]
    public void the_mode_that_a_feed_serves_is_one_that_can_be_chosen(string served, string mode)
    {
        var answers = new Feed.Answers(
            DateTimeOffset.UnixEpoch,
            "?",
            [
                .. PackageChoice.Families.Append(Feed.NativeLibrary).Select(family =>
                    new Feed.Answer(family, family, served.Split(' ').Contains(family) ? null : "NU1101")),
            ]);

        answers.Mode.ShouldBe(mode);
        PackageChoice.Parse(answers.Mode).Text.ShouldBe(mode);
    }
}
