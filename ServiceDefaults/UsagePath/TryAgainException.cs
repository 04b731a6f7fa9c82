namespace Billing.ServiceDefaults.UsagePath;

/// <summary>Thrown by a handler where the same batch may succeed in a moment.</summary>
public sealed class TryAgainException(string why, Exception? cause = null) : Exception(why, cause);
