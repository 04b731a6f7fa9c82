using Billing.Contracts.Usage;
using Billing.Contracts.Values;
using Billing.Ingestion.Usage;

namespace Billing.Ingestion.Tests.Usage;

public class DecideUsageTests
{
    private static readonly Guid Digest = Guid.Parse("01890000-0000-8000-8000-000000000001");

    private static readonly UsageEvent Plain = new(
        "s", "e", "t", TenantId.Of("acme"), Workbench.Now, UsageScope.Whole, []);

    private static readonly Judgment Good = new([new("m", "1")]);
    private static readonly Judgment NotYet = new([], Refusal.NoMeter, IsUnmatched: true);

    [TestCase(UsageState.Accepted)]
    [TestCase(UsageState.Unmatched)]
    [TestCase(UsageState.Canceled)]
    [TestCase(UsageState.Waiting)]
    [TestCase(UsageState.Applied)]
    public void deciding_twice_takes_once_whatever_has_become_of_it(UsageState state)
    {
        foreach (var judgment in new[] { Good, NotYet, new([], Refusal.TooOld) })
        {
            DecideUsage.Decide(Plain, judgment, Digest, Kept(state, 2), null).Verdict
                .ShouldBe(new(VerdictKind.Duplicate, 2, state));
            DecideUsage.Decide(Plain, judgment, Guid.Empty, Kept(state, 2), null).Verdict.Kind
                .ShouldBe(VerdictKind.Conflict);
        }
    }

    [TestCase(UsageState.Awaited)]
    [TestCase(UsageState.Rejected)]
    public void a_free_key_is_decided_anew(UsageState state)
    {
        DecideUsage.Decide(Plain, Good, Guid.Empty, Kept(state), null).Verdict.ShouldBe(Verdict.Accepted);
        DecideUsage.Decide(Plain, NotYet, Guid.Empty, Kept(state), null).Verdict.Kind.ShouldBe(VerdictKind.Unmatched);
        DecideUsage.Decide(Plain, new([], Refusal.TooOld), Digest, Kept(state), null).Verdict
            .ShouldBe(Verdict.Rejected(Refusal.TooOld));
    }

    [TestCase(true, UsageState.Accepted, UsageState.Canceled, 4, 4)]
    [TestCase(true, UsageState.Unmatched, UsageState.Canceled, 4, null)]
    [TestCase(false, UsageState.Accepted, UsageState.Accepted, 5, 4)]
    [TestCase(false, UsageState.Unmatched, UsageState.Accepted, 5, null)]
    public void a_change_takes_back_exactly_what_Pricing_knows(
        bool isCancel, UsageState original, UsageState becomes, int revision, int? withdrawn)
    {
        var decision = Change(isCancel, Kept(original, 4));

        decision.Verdict.ShouldBe(new(VerdictKind.Accepted, revision));
        decision.Original.ShouldBe(new OriginalBecomes(becomes, revision, withdrawn));
    }

    [TestCase(true, UsageState.Rejected, "original-rejected")]
    [TestCase(false, UsageState.Rejected, "original-rejected")]
    [TestCase(true, UsageState.Canceled, "already-canceled")]
    [TestCase(false, UsageState.Canceled, "already-canceled")]
    [TestCase(true, UsageState.Applied, "original-is-a-change")]
    [TestCase(false, UsageState.Waiting, "original-is-a-change")]
    public void what_cannot_be_changed_is_refused(bool isCancel, UsageState original, string code) =>
        Change(isCancel, Kept(original)).Verdict.Reason!.Code.ShouldBe(code);

    [Test]
    public void a_change_waits_for_what_is_not_there()
    {
        Change(true, null).Verdict.ShouldBe(Verdict.Waiting);
        Change(false, Kept(UsageState.Awaited)).Verdict.ShouldBe(Verdict.Waiting);
    }

    [Test]
    public void another_tenants_event_is_nobody_elses_to_change() =>
        Change(true, new(UsageState.Accepted, 0, Digest, "globex")).Verdict.Reason.ShouldBe(Refusal.OtherTenant);

    private static Decision Change(bool isCancel, KeptEvent? original) => DecideUsage.Decide(
        Plain with { Change = new("o", isCancel) }, isCancel ? new([]) : Good, Digest, null, original);

    private static KeptEvent Kept(UsageState state, int revision = 0) => new(state, revision, Digest, "acme");
}
