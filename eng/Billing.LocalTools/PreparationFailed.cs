namespace Billing.LocalTools;

/// <summary>Something on this machine is in the way; the message is one sentence that says what, and what helps.</summary>
#pragma warning disable CA1710 // exceptions here are called as what happened
public sealed class PreparationFailed(string sentence, Exception? cause = null) : Exception(sentence, cause);
#pragma warning restore CA1710
