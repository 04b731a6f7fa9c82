namespace Billing.LocalTools;

/// <summary>The folder outside every checkout for what is fetched or built once: native libraries, binaries, jars.</summary>
public static class Cache
{
    /// <summary>
    /// <c>BILLING_CACHE</c>, else <c>$XDG_CACHE_HOME/billing</c>, else <c>~/.cache/billing</c>; absolute, may not exist
    /// yet. stand-ins/librdkafka.redist/librdkafka.redist.csproj computes the same in MSBuild.
    /// </summary>
    public static string Root => RootFrom(Environment.GetEnvironmentVariable);

    internal static string RootFrom(Func<string, string?> variable)
    {
        if (Value("BILLING_CACHE") is { } chosen) return Path.GetFullPath(chosen);
        if (Value("XDG_CACHE_HOME") is { } caches) return Path.GetFullPath(Path.Combine(caches, "billing"));

        var home = Value("HOME") ?? Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);

        return Path.GetFullPath(Path.Combine(home, ".cache", "billing"));

        string? Value(string name) => variable(name) is { Length: > 0 } value ? value : null;
    }
}
