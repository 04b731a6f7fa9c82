using Billing.Contracts.Values;
using Billing.Ledger.Events;
using Billing.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Billing.Ledger;

/// <summary>A no over HTTP: a stable type, what is left, and why not.</summary>
internal static class RefusalProblems
{
    private static readonly Dictionary<Refusal, ProblemType> Types = Enum.GetValues<Refusal>()
        .ToDictionary(refusal => refusal, Find);

    public static ProblemHttpResult Of(Decision.Refused no)
    {
        var type = TypeOf(no.Reason);
        if (no.Left is { } left)
            return Problems.Refuse(type, $"{Text.Spell(left)} is left.", [new("left", Text.Spell(left))]);

        return Problems.Refuse(
            type, no.Reason == Refusal.NotFound ? "The tenant has nothing of this id." : null);
    }

    public static ProblemType TypeOf(Refusal refusal) => Types[refusal];

    private static ProblemType Find(Refusal refusal) =>
        ProblemTypes.All.Single(type => type.Slug == refusal.Word());
}
