using Billing.Contracts.Values;
using Billing.Ledger.Events;
using Billing.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Billing.Ledger;

/// <summary>A no over HTTP: a stable type, what is left, and why not.</summary>
internal static class RefusalProblems
{
    public static ProblemHttpResult Of(Decision.Refused no)
    {
        var type = new ProblemType(no.Reason.Word(), no.Reason.Status(), TitleOf(no.Reason));
        return no.Left is { } left
            ? Problems.Refuse(type, $"{Text.Spell(left)} is left.", [new("left", Text.Spell(left))])
            : Problems.Refuse(type);
    }

    public static string TitleOf(Refusal refusal) => refusal switch
    {
        Refusal.NotFound => "The tenant has nothing of this id",
        Refusal.KeyReused => "This Idempotency-Key came with another request before",
        Refusal.ReasonMissing => "Say why",
        Refusal.ActorMissing => "Say who you are",
        Refusal.AmountNotPositive => "The amount has to be above zero",
        Refusal.AmountBelowZero => "A charge cannot be set below zero",
        Refusal.CurrencyDiffers => "It is in another currency",
        Refusal.NoUnits => "The charge has no units",
        Refusal.NothingChanges => "It is so already, and nothing would change",
        Refusal.DoesNotAddUp => "It does not add up",
        Refusal.LineIdDiffers => "A line's id is not derived from what it adds up",
        Refusal.NoSuchLine => "There is no line to take it off",
        Refusal.ExpiryPassed => "It would expire before it could be used",
        Refusal.AboveWhatIsLeft => "It is more than is left",
        Refusal.NothingLeft => "Nothing is left",
        Refusal.AlreadyVoided => "It is void already",
        Refusal.TakenBack => "The producer has canceled the usage",
        Refusal.CorrectedByPerson => "A person has corrected the charge already",
        Refusal.NoSuchCorrection => "There is no such correction to reverse",
        Refusal.AlreadyReversed => "The correction is reversed already",
        Refusal.PeriodBeingInvoiced => "The period is closed and its invoice not issued yet",
        Refusal.PeriodNotClosed => "The period is not closed",
        Refusal.PeriodIssued => "The period is invoiced",
        Refusal.CloseNumberDiffers => "It is not the close that is next",
        Refusal.SumDiffers => "The lines do not have the sum of the period",
        Refusal.CurrencyOfSubscription => "The subscription has another currency",
        Refusal.TenantOfSubscription => "The subscription is another tenant's",
        _ => throw new ArgumentOutOfRangeException(nameof(refusal), refusal, "No title yet."),
    };
}
