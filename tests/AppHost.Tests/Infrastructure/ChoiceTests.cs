using Billing.AppHost.Infrastructure;

namespace Billing.AppHost.Tests.Infrastructure;

public sealed class ChoiceTests
{
    private static readonly Answer yes = new(true, "it is there");
    private static readonly Answer no = new(false, "it is not there");

    [TestCase(true, true, true, Source.Given)]
    [TestCase(false, true, true, Source.Container)]
    [TestCase(false, false, true, Source.Binaries)]
    [TestCase(false, false, false, Source.Embedded)]
    public void the_first_that_is_there_is_taken(bool given, bool container, bool binaries, Source taken) =>
        Choice.From(Kafka(given: Is(given), container: Is(container), binaries: Is(binaries)))
            .ShouldBeOfType<Choice.Taken>().Source.ShouldBe(taken);

    [Test]
    public void why_names_what_was_passed_over() =>
        Choice.From(Postgres(new(false, "no string"), new(false, "no daemon"), new(true, "15.1")))
            .ShouldBe(new Choice.Taken(Source.Binaries, "15.1; no string; no daemon"));

    [Test]
    public void nothing_there_is_one_sentence() =>
        Choice.From(Postgres(new(false, "no string"), new(false, "no daemon"), new(false, "no pg_ctl")))
            .ShouldBe(new Choice.None(
                "There is no postgres to run on: no string; no daemon; no pg_ctl. "
                + "`./billing doctor` says what can be installed."));

    [TestCase("given", Source.Given)]
    [TestCase("container", Source.Container)]
    [TestCase("Binaries", Source.Binaries)]
    [TestCase("embedded", Source.Embedded)]
    public void what_is_forced_is_taken(string forced, Source taken) =>
        Choice.From(Kafka(yes, yes, yes, forced)).ShouldBeOfType<Choice.Taken>().Source.ShouldBe(taken);

    [TestCase("given")]
    [TestCase("container")]
    [TestCase("binaries")]
    public void what_is_forced_and_not_there_is_refused(string forced) =>
        Choice.From(Kafka(no, no, no, forced))
            .ShouldBe(new Choice.None($"Billing__Kafka={forced} cannot be: it is not there."));

    [Test]
    public void postgres_cannot_be_embedded() =>
        Choice.From(Postgres(yes, yes, yes, "embedded"))
            .ShouldBe(new Choice.None(
                "Billing__Postgres=embedded names nothing for postgres: "
                + "it can be given, container, binaries."));

    [Test]
    public void the_container_runtime_is_not_asked_when_a_server_is_given()
    {
        var offers = new Offers("kafka", null, yes, NotAsked, NotAsked, yes);

        Choice.From(offers).ShouldBeOfType<Choice.Taken>();
        Choice.From(offers with { Forced = "embedded", Given = no }).ShouldBeOfType<Choice.Taken>();

        static Answer NotAsked() => throw new InvalidOperationException("this takes time and is not needed");
    }

    private static Answer Is(bool there) => there ? yes : no;

    private static Offers Kafka(Answer given, Answer container, Answer binaries, string? forced = null) =>
        new("kafka", forced, given, () => container, () => binaries, yes);

    private static Offers Postgres(Answer given, Answer container, Answer binaries, string? forced = null) =>
        new("postgres", forced, given, () => container, () => binaries);
}
