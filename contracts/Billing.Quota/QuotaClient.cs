using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Billing.Quota;

/// <summary>
/// Asks whether units may be used, and remembers the answers. One for a process, and safe for many threads.
/// It does not fail because the service is away: <see cref="QuotaOptions"/> says what happens then.
/// </summary>
/// <param name="http">With the service's base address, which ends in a slash.</param>
public sealed partial class QuotaClient(
    HttpClient http, QuotaOptions options, ILogger<QuotaClient>? logger = null)
{
    private readonly ILogger _logger = logger ?? NullLogger<QuotaClient>.Instance;
    private readonly KnownAnswers _answers = new(options.MostAnswers);

    internal DateTimeOffset Now => options.Time.GetUtcNow();

    /// <summary>
    /// Whether the units may be used now. Where they may they count from here on, so it is asked once for
    /// each use.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">Units below zero.</exception>
    public async ValueTask<QuotaDecision> Check(
        QuotaQuestion question, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(question);
        ArgumentOutOfRangeException.ThrowIfNegative(question.Units);

        var known = _answers.Of(question);
        if (known.Answer(question.Units, Now, options.Fresh, isStrict: true) is not { } decision)
        {
            await Refresh(question, known, cancellation);
            decision = known.Answer(question.Units, Now, options.Stale, isStrict: false)
                ?? WithoutAnswer(question.Units, known);
        }

        QuotaMetrics.Count(decision);
        return decision;
    }

    /// <summary>By one caller at a time; the others wait for what it brings.</summary>
    private async Task Refresh(QuotaQuestion question, KnownAnswer known, CancellationToken cancellation)
    {
        if (!known.MayAsk(Now) || !await known.Asking.WaitAsync(options.Patience, cancellation)) return;

        try
        {
            var now = Now;
            if (!known.MayAsk(now) || known.Tells(question.Units, now, options.Fresh)) return;

            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            patience.CancelAfter(options.Patience);
            var token = await options.Token(patience.Token);
            var answer = await ServiceAnswer.Ask(http, token, question, patience.Token);
            known.Put(answer, question.Units, now, options.Settling);
        }
#pragma warning disable CA1031 // Whatever it is that keeps an answer away, the policy says what happens now.
        catch (Exception unanswered) when (!cancellation.IsCancellationRequested)
#pragma warning restore CA1031
        {
            known.AskLater(Now + options.Fresh);
            QuotaMetrics.Unanswered();
            Unanswered(question.Meter, unanswered.Message);
        }
        finally
        {
            known.Asking.Release();
        }
    }

    private QuotaDecision WithoutAnswer(decimal units, KnownAnswer known)
    {
        if (options.WhenAway == WhenAway.Block) return new(QuotaVerdict.Block, QuotaReasons.Away);

        known.LetThrough(units, Now, options.Settling);
        return new(QuotaVerdict.Allow, QuotaReasons.Away);
    }

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "The quota of {Meter} was not answered; the last answer or the policy decides: {Why}")]
    private partial void Unanswered(string meter, string why);
}
