using Billing.Ledger.Events;

namespace Billing.Ledger.Tests;

public class RefusalTests
{
    private static IEnumerable<Refusal> All => Enum.GetValues<Refusal>();

    [TestCaseSource(nameof(All))]
    public void every_refusal_has_a_status_and_a_word(Refusal refusal)
    {
        refusal.Status().ShouldBeOneOf(404, 409, 422);
        refusal.Word().ShouldMatch("^[a-z]+(-[a-z]+)*$");
    }

    [Test]
    public void words_that_others_know_stay() => new[]
    {
        Refusal.AboveWhatIsLeft, Refusal.PeriodBeingInvoiced, Refusal.AlreadyVoided, Refusal.CurrencyOfSubscription,
    }.Select(refusal => (refusal.Word(), refusal.Status())).ShouldBe(
    [
        ("above-what-is-left", 409), ("period-being-invoiced", 409), ("already-voided", 409),
        ("currency-of-subscription", 422),
    ]);

    // They are stored and sent, so one may be added and none renamed.
    [Test]
    public void words_never_change() => All.Select(refusal => refusal.Word()).ShouldBe(
    [
        "not-found", "key-reused", "reason-missing", "actor-missing", "amount-not-positive",
        "amount-below-zero", "currency-differs", "no-units", "nothing-changes", "does-not-add-up",
        "line-id-differs", "no-such-line", "expiry-passed", "above-what-is-left", "nothing-left",
        "already-voided", "taken-back", "corrected-by-person", "no-such-correction", "already-reversed",
        "period-being-invoiced", "period-not-closed", "period-issued", "close-number-differs", "sum-differs",
        "currency-of-subscription", "tenant-of-subscription",
    ]);

    [Test]
    public void what_is_no_refusal_has_no_status() =>
        Should.Throw<ArgumentOutOfRangeException>(() => ((Refusal)9_999).Status());
}
