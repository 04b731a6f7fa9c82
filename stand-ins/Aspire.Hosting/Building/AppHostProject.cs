using System.Reflection;

namespace Aspire.Hosting;

/// <summary>
/// Where the application host's project is, and how it was built: its projects were built the same way.
/// </summary>
internal sealed record AppHostProject(Assembly? Assembly, string Path)
{
    public string Configuration =>
        Assembly?.GetCustomAttribute<AssemblyConfigurationAttribute>()?.Configuration is { Length: > 0 } known
            ? known : "Debug";

    /// <summary>
    /// What the options say; else what the build left in the assembly; else the nearest folder above the
    /// assembly that holds its project file; else the current directory.
    /// </summary>
    public static string Directory(DistributedApplicationOptions options, Assembly? assembly)
    {
        if (options.ProjectDirectory is { } given) return System.IO.Path.GetFullPath(given);

        var left = assembly?.GetCustomAttributes<AssemblyMetadataAttribute>()
            .FirstOrDefault(each => string.Equals(each.Key, "apphostprojectpath", StringComparison.OrdinalIgnoreCase));
        if (left?.Value is { } built && System.IO.Directory.Exists(built)) return built;

        var project = assembly?.GetName().Name + ".csproj";
        for (var folder = System.IO.Path.GetDirectoryName(assembly?.Location);
            !string.IsNullOrEmpty(folder);
            folder = System.IO.Path.GetDirectoryName(folder))
        {
            if (File.Exists(System.IO.Path.Combine(folder, project))) return folder;
        }

        return System.IO.Directory.GetCurrentDirectory();
    }
}
