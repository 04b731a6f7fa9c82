namespace Billing.LocalTools;

/// <summary>The working copy that this process was built from.</summary>
public static class Checkout
{
    private const string Marker = "Billing.sln";

    /// <summary>
    /// The folder that holds <c>Billing.sln</c>, looked for upward from the executable, then from the current folder.
    /// </summary>
    /// <exception cref="InvalidOperationException">The process runs outside a checkout.</exception>
    public static string Root => Above(AppContext.BaseDirectory) ?? Above(Directory.GetCurrentDirectory())
        ?? throw new InvalidOperationException(
            $"No folder above {AppContext.BaseDirectory} or {Directory.GetCurrentDirectory()} holds {Marker}: "
            + "run this from a checkout.");

    /// <summary><c>BILLING_DATA</c>, else <c>.billing</c> in the checkout; absolute, may not exist yet.</summary>
    public static string Data => Environment.GetEnvironmentVariable("BILLING_DATA") is { Length: > 0 } chosen
        ? Path.GetFullPath(chosen)
        : Path.Combine(Root, ".billing");

    internal static string? Above(string start)
    {
        for (var folder = new DirectoryInfo(start); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, Marker)))
                return folder.FullName;

        return null;
    }
}
