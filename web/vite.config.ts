import react from '@vitejs/plugin-react'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { defineConfig, type Plugin } from 'vite'

/**
 * The toolkit's inflate calls `eval` on two constant tables. The dashboard's policy forbids `eval`, so the
 * tables are put in at build time.
 */
function tablesWithoutEval(): Plugin {
  return {
    name: 'tables-without-eval',
    enforce: 'pre',
    transform(code, id) {
      if (!id.includes('ui-toolkit') || !code.includes('eval(')) return null
      const without = code.replace(/eval\((\w+)\)/g, (call, name: string) => {
        const text = new RegExp(`${name}="((?:[^"\\\\]|\\\\.)*)"`).exec(code)?.[1]
        if (text === undefined) this.error(`no constant ${name} for ${call}`)
        return JSON.stringify(new Function(`return ${text}`)())
      })
      return { code: without, map: null }
    }
  }
}

/** The terminal writes its style into `style` elements; the policy allows sheets only. */
function sheetsWithoutInlineStyle(): Plugin {
  const made = fileURLToPath(new URL('./src/sheet.ts', import.meta.url))
  return {
    name: 'sheets-without-inline-style',
    enforce: 'pre',
    transform(code, id) {
      if (!/@xterm[/\\]xterm[/\\]lib/.test(id)) return null
      const sheets = code.replace(/[\w$.]+\.createElement\("style"\)/g, '__makeSheet()')
      const without = sheets.replace(
        /(\w+)\.setAttribute\("style",`\$\{\1\.getAttribute\("style"\)\|\|""\}\$\{(\w+)\};`\)/g,
        '$1.style.cssText+=$2+";"'
      )
      if (sheets === code || without === sheets || without.includes('setAttribute("style"')) this.error('the terminal makes its style in another way; see whether the policy allows it')
      return { code: `import { makeSheet as __makeSheet } from ${JSON.stringify(made)};\n${without}`, map: null }
    }
  }
}

/** The server hands out what stands beside a file as `.gz` to those who take it. */
function packed(): Plugin {
  const assets = fileURLToPath(new URL('./dist/assets/', import.meta.url))
  return {
    name: 'packed',
    apply: 'build',
    closeBundle() {
      for (const name of readdirSync(assets).filter((one) => /\.(js|css)$/.test(one))) {
        writeFileSync(`${assets}${name}.gz`, gzipSync(readFileSync(`${assets}${name}`), { level: 9 }))
      }
    }
  }
}

export default defineConfig({
  plugins: [tablesWithoutEval(), sheetsWithoutInlineStyle(), react(), packed()],
  build: { target: 'es2022', assetsInlineLimit: 0, chunkSizeWarningLimit: 700 },
  server: { proxy: { '/api': { target: 'https://127.0.0.1:8443', secure: false } } }
})
