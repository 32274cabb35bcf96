/** The links between the pages of the documentation. */
import { existsSync, readFileSync } from "node:fs"
import { dirname, join, relative } from "node:path"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("../..", import.meta.url))

const withoutCode = (text: string) => text.replaceAll(/^```[\s\S]*?^```$/gm, "")

/** The anchor that GitHub gives a heading. */
const anchor = (heading: string) =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-")

const anchors = (path: string) =>
  [...withoutCode(readFileSync(path, "utf8")).matchAll(/^#+ (.+)$/gm)].map((match) => anchor(match[1] ?? ""))

const problem = (page: string, target: string): string | undefined => {
  const [file = "", heading] = target.split("#")
  const path = file === "" ? join(root, page) : join(root, dirname(page), file)
  if (!existsSync(path)) return `${page}: ${target} names no file`
  if (heading === undefined || anchors(path).includes(heading)) return undefined
  return `${page}: ${relative(root, path)} has no heading "${heading}"`
}

/** Every relative link of a page that leads nowhere, and why. */
export const deadLinks = (page: string): ReadonlyArray<string> =>
  [...withoutCode(readFileSync(join(root, page), "utf8")).matchAll(/\]\(([^)\s]+)\)/g)]
    .map((match) => match[1] ?? "")
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => problem(page, target))
    .filter((found) => found !== undefined)
