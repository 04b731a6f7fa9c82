namespace Billing.AppHost.Infrastructure;

/// <summary>Where a piece of infrastructure comes from.</summary>
public enum Source
{
    /// <summary>The user gave its connection string.</summary>
    Given,

    /// <summary>A container, because a container runtime answers.</summary>
    Container,

    /// <summary>Programs that are installed on this machine or lie in the cache.</summary>
    Binaries,

    /// <summary>Kafka only: librdkafka's mock cluster in a process of ours. In memory.</summary>
    Embedded,
}

/// <summary>Whether one source can be had here, and the clause that says so to a person.</summary>
public sealed record Answer(bool IsThere, string Words);

/// <summary>
/// What this machine offers for one piece of infrastructure. Looked up only as far as it is asked.
/// </summary>
/// <param name="Name"><c>postgres</c> or <c>kafka</c>.</param>
/// <param name="Forced">What <c>Billing__Postgres</c> or <c>Billing__Kafka</c> says, if anything.</param>
public sealed record Offers(
    string Name, string? Forced, Answer Given, Func<Answer> Container, Func<Answer> Binaries,
    Answer? Embedded = null);

/// <summary>The source that is taken and why; or one sentence when there is none (docs/adr/0006).</summary>
public abstract record Choice
{
    /// <summary>
    /// Given, else a container, else installed binaries, else what is embedded; unless the user forces one.
    /// </summary>
    public static Choice From(Offers offers)
    {
        ArgumentNullException.ThrowIfNull(offers);
        return string.IsNullOrEmpty(offers.Forced) ? FirstOf(offers) : Forced(offers, offers.Forced);
    }

    public sealed record Taken(Source Source, string Why) : Choice;

    public sealed record None(string Sentence) : Choice;

    private static Choice FirstOf(Offers offers)
    {
        var missing = new List<string>();
        foreach (var (source, ask) in InOrder(offers))
        {
            var answer = ask();
            if (answer.IsThere) return new Taken(source, string.Join("; ", [answer.Words, .. missing]));
            missing.Add(answer.Words);
        }

        return new None(
            $"There is no {offers.Name} to run on: {string.Join("; ", missing)}. "
            + "`./billing doctor` says what can be installed.");
    }

    private static Choice Forced(Offers offers, string forced)
    {
        var setting = $"Billing__{char.ToUpperInvariant(offers.Name[0])}{offers.Name[1..]}={forced}";
        var named = InOrder(offers)
            .Where(each => each.Source.ToString().Equals(forced, StringComparison.OrdinalIgnoreCase))
            .ToArray();
        if (named is not [var (source, ask)])
            return new None(
                $"{setting} names nothing for {offers.Name}: it can be "
                + $"{string.Join(", ", InOrder(offers).Select(each => Word(each.Source)))}.");

        var answer = ask();
        return answer.IsThere
            ? new Taken(source, $"{answer.Words}; asked for by {setting}")
            : new None($"{setting} cannot be: {answer.Words}.");
    }

    private static IEnumerable<(Source Source, Func<Answer> Ask)> InOrder(Offers offers)
    {
        yield return (Source.Given, () => offers.Given);
        yield return (Source.Container, offers.Container);
        yield return (Source.Binaries, offers.Binaries);
        if (offers.Embedded is { } embedded) yield return (Source.Embedded, () => embedded);
    }

    /// <summary>As a person writes it in a setting.</summary>
    public static string Word(Source source) => source switch
    {
        Source.Given => "given",
        Source.Container => "container",
        Source.Binaries => "binaries",
        _ => "embedded",
    };

    private Choice() { }
}
