using System.Text.Json;

namespace Billing.Ledger.Events;

/// <summary>Every way in which the ledger says no. On the wire in kebab-case, for ever.</summary>
public enum Refusal
{
    /// <summary>No charge or invoice of that id belongs to that tenant.</summary>
    NotFound,

    /// <summary>The Idempotency-Key, or the id, came before with other content.</summary>
    KeyReused,

    ReasonMissing,
    ActorMissing,
    AmountNotPositive,

    /// <summary>A charge cannot be set below zero.</summary>
    AmountBelowZero,

    CurrencyDiffers,

    /// <summary>The charge has no units, so it cannot be set to a number of them.</summary>
    NoUnits,

    /// <summary>The charge has that amount or that many units already.</summary>
    NothingChanges,

    /// <summary>A line twice, a total that is not the sum of its lines, mixed currencies.</summary>
    DoesNotAddUp,

    /// <summary>A line's id is not derived from what the line adds up.</summary>
    LineIdDiffers,

    /// <summary>The invoice has no such line, or it is not one to take something off.</summary>
    NoSuchLine,

    /// <summary>Credit that would expire before it could be used.</summary>
    ExpiryPassed,

    AboveWhatIsLeft,
    NothingLeft,
    AlreadyVoided,

    /// <summary>The producer has canceled the usage behind the charge.</summary>
    TakenBack,

    /// <summary>A person has corrected the charge that the producer cancels.</summary>
    CorrectedByPerson,

    NoSuchCorrection,
    AlreadyReversed,

    /// <summary>The period is closed and its invoice not issued: its figures must not move.</summary>
    PeriodBeingInvoiced,

    PeriodNotClosed,
    PeriodIssued,

    /// <summary>Not the close that is next, or not the one that is meant to be undone.</summary>
    CloseNumberDiffers,

    /// <summary>The lines of an invoice do not have the sum that its period was closed with.</summary>
    SumDiffers,

    /// <summary>The charge is in another currency than its subscription.</summary>
    CurrencyOfSubscription,

    /// <summary>The charge names a subscription of another tenant.</summary>
    TenantOfSubscription,
}

/// <summary>What clients see of a refusal.</summary>
public static class Refusals
{
    /// <summary>A stable word in kebab-case.</summary>
    public static string Word(this Refusal refusal) =>
        JsonNamingPolicy.KebabCaseLower.ConvertName(refusal.ToString());

    /// <summary>
    /// The status over HTTP: 404 not there, 422 can never be right, 409 is not possible as things stand.
    /// </summary>
    public static int Status(this Refusal refusal) => refusal switch
    {
        Refusal.NotFound or Refusal.NoSuchCorrection => 404,
        Refusal.ReasonMissing or Refusal.ActorMissing or Refusal.AmountNotPositive
            or Refusal.AmountBelowZero or Refusal.CurrencyDiffers or Refusal.NoUnits
            or Refusal.NothingChanges or Refusal.DoesNotAddUp or Refusal.LineIdDiffers
            or Refusal.NoSuchLine or Refusal.ExpiryPassed or Refusal.CurrencyOfSubscription
            or Refusal.TenantOfSubscription => 422,
        Refusal.KeyReused or Refusal.AboveWhatIsLeft or Refusal.NothingLeft or Refusal.AlreadyVoided
            or Refusal.TakenBack or Refusal.CorrectedByPerson or Refusal.AlreadyReversed
            or Refusal.PeriodBeingInvoiced or Refusal.PeriodNotClosed or Refusal.PeriodIssued
            or Refusal.CloseNumberDiffers or Refusal.SumDiffers => 409,
        _ => throw new ArgumentOutOfRangeException(nameof(refusal), refusal, "No status yet."),
    };
}
