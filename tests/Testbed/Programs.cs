using Billing.LocalTools;

namespace Billing.Testbed;

/// <summary>Programs of this repository, as the same build made them that made the tests.</summary>
public static class Programs
{
    /// <param name="project">The project's folder from the root: <c>eng/Billing.Broker</c>.</param>
    public static string Path(string project)
    {
        // …/bin/<configuration>/<framework>/ of the test project
        var framework = new DirectoryInfo(AppContext.BaseDirectory);
        var configuration = framework.Parent!.Name;
        var program = System.IO.Path.Combine(
            Checkout.Root, project, "bin", configuration, framework.Name,
            System.IO.Path.GetFileName(project));

        return File.Exists(program)
            ? program
            : throw new FileNotFoundException($"Build {project} first.", program);
    }
}
